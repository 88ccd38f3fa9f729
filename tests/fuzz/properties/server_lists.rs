//! The forms that are little more than lists: step-tickers and the leases of DHCP clients; and the guess at a form.

use rntpdate::config::{Form, Server, guess_form, parse};

use super::configuration::{self, joined};

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::StepTickers, data, |servers| joined(servers, "\n"));
    configuration::check(Form::NetworkdLease, data, |servers| format!("NTP={}\n", joined(servers, " ")));
    configuration::check(Form::DhclientLeases, data, lease);
    let text = String::from_utf8_lossy(data);
    for path in ["a", "/etc/ntp.conf", &text] {
        configuration::faults(&parse(guess_form(path, &text), &text).faults, &text);
    }
}

fn lease(servers: &[&Server]) -> String {
    format!("lease {{\n  option ntp-servers {};\n}}\n", joined(servers, ", "))
}

//! The forms that are little more than lists: step-tickers and the leases of DHCP clients; and the guess at a form.

use rntpdate::internals::config::{Form, Server, guess_form, leases, parse};

use super::configuration::{self, joined};

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::StepTickers, data, |servers| joined(servers, "\n"));
    configuration::check(Form::NetworkdLease, data, |servers| format!("NTP={}\n", joined(servers, " ")));
    configuration::check(Form::DhclientLeases, data, lease);
    let text = String::from_utf8_lossy(data);
    for lease in leases(&text).newest {
        assert!((1..=text.lines().count()).contains(&lease.line), "{lease:?}");
        assert!(!lease.is_over(i64::MIN) || lease.expires == Some(i64::MIN), "{lease:?}");
    }
    for path in ["a", "/etc/ntp.conf", &text] {
        if let Ok(form) = guess_form(path, &text) {
            configuration::faults(&parse(form, &text).faults, &text);
        }
    }
    assert!(!text.contains('\0') || guess_form("/etc/ntp.conf", &text).is_err());
}

fn lease(servers: &[&Server]) -> String {
    format!("lease {{\n  option ntp-servers {};\n}}\n", joined(servers, ", "))
}

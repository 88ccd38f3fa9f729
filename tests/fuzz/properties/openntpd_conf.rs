//! OpenNTPD's ntpd.conf.

use rntpdate::internals::config::{Form, Server};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::OpenNtpd, data, file);
}

fn file(servers: &[&Server]) -> String {
    servers.iter().map(|server| format!("server \"{}\"\n", configuration::address(server))).collect()
}

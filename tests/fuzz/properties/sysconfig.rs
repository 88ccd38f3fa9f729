//! /etc/sysconfig and /etc/conf.d: the shell's variables, and no shell.

use rntpdate::internals::config::{Form, Server, sysconfig};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::Sysconfig, data, file);
    let text = String::from_utf8_lossy(data);
    for name in ["ntpdate", "ntpd", "chronyd", "sntp"] {
        configuration::faults(&sysconfig(name, &text).parsed.faults, &text);
    }
}

fn file(servers: &[&Server]) -> String {
    format!("SERVERS=\"{}\"\n", configuration::joined(servers, " "))
}

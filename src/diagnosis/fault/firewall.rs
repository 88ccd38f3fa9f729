//! Firewalls and what else forbids, on this machine and before a server.

use Certainty::{Certain, Likely};

use crate::diagnosis::code::Code;
use crate::diagnosis::found::{Certainty, Diagnosis};
use crate::net::{Fault, Step};

/// A security module or a sandbox keeps the run from what it asked the kernel for.
pub(super) fn forbidden(fault: Fault, step: Step) -> Diagnosis {
    let cause = format!(
        "a security module (SELinux, AppArmor) or a sandbox (seccomp, systemd's SystemCallFilter=, RestrictAddressFamilies=) \
         forbids {}: firewalls and routes have no say there",
        step.as_str()
    );
    Diagnosis::new(Code::SendFailed, Likely, fault.to_string(), cause)
        .here("see \"ausearch -m avc -ts recent\", \"dmesg | grep -i apparmor\", and the unit's settings")
}

/// The rules of this machine for what it sends.
pub(super) fn own_firewall(fault: Fault, certainty: Certainty, port: u16) -> Diagnosis {
    let cause = match certainty {
        Certain => "this machine's own output firewall forbids it",
        _ => {
            "this machine's own output firewall forbids it; or its table of connections is full (seldom: a control group's filter)"
        }
    };
    Diagnosis::new(Code::OwnFirewall, certainty, fault.to_string(), cause).here(format!(
        "let UDP to port {port} out: see `nft list ruleset` or `iptables -S OUTPUT`, rules for single users too (these packets are \
         nobody's, or -U's; those of a run that sets the clock root's, or -U's); \"dmesg\" says where the table is full (nf_conntrack)"
    ))
}

/// How to open a server's port.
pub(in crate::diagnosis) fn let_in(port: u16) -> String {
    match port {
        123 => "let UDP 123 in (firewall-cmd --add-service=ntp, ufw allow 123/udp)".to_owned(),
        _ => format!("let UDP {port} in (firewall-cmd --add-port={port}/udp, ufw allow {port}/udp)"),
    }
}

//! From the text of a configuration file to the time servers that it names. Pure: nothing is read, nothing is executed.
//!
//! One module for each form. What a form allows besides servers is passed over; a line that names a server and cannot be
//! understood is a fault of that line, and the others still count.
#![forbid(unsafe_code)]

mod chrony;
mod dhclient;
mod guess;
pub mod keys;
mod lines;
mod networkd;
mod ntp;
#[cfg(feature = "ntp-toml")]
mod ntpd_rs;
mod openntpd;
mod parsed;
mod server;
mod shell;
mod step_tickers;
mod sysconfig;
mod timemaster;
mod timesyncd;
mod uci;
mod words;

pub use dhclient::{Lease, Leases, leases};
pub use guess::guess_form;
pub use networkd::{link_state, takes_servers_of_dhcp};
pub use parsed::{Form, Include, Item, LineFault, Parsed};
pub use server::{Authorities, NtsWish, ProofWish, Server};
pub use shell::{NtpdateDefaults, ntpdate_defaults};
pub use sysconfig::{Sysconfig, sysconfig};
pub use timesyncd::TimesyncdServers;

/// Reads a text in one of the forms whose files stand for themselves: the variables of [`Form::NtpdateDefaults`] give
/// `NTPSERVERS` only, [`Form::Timesyncd`] gives `NTP=` or else `FallbackNTP=`, and of [`Form::DhclientLeases`] the newest lease
/// of each interface counts, whether or not it has expired.
pub fn parse(form: Form, text: &str) -> Parsed {
    match form {
        Form::Ntp => ntp::parse(text),
        Form::OpenNtpd => openntpd::parse(text),
        #[cfg(feature = "ntp-toml")]
        Form::NtpdRs => ntpd_rs::parse(text),
        #[cfg(not(feature = "ntp-toml"))]
        Form::NtpdRs => {
            let text = "this build does not read ntp.toml (it is made without the feature ntp-toml)".to_owned();
            Parsed { items: Vec::new(), faults: vec![LineFault { line: 1, text }] }
        }
        Form::Chrony => chrony::parse(text),
        Form::Timemaster => timemaster::parse(text, parse),
        Form::Sysconfig => sysconfig("", text).parsed,
        Form::Uci => uci::parse(text),
        Form::StepTickers => step_tickers::parse(text),
        Form::NetworkdLease => link_state(text).parsed,
        Form::DhclientLeases => {
            let Leases { newest, faults } = leases(text);
            let servers = newest.into_iter().flat_map(|lease| lease.servers);
            Parsed { items: servers.map(Item::Server).collect(), faults }
        }
        Form::Network => timesyncd::network(text),
        Form::NtpdateDefaults => {
            let defaults = ntpdate_defaults(text);
            Parsed { items: defaults.servers.into_iter().map(Item::Server).collect(), faults: defaults.faults }
        }
        Form::Timesyncd => {
            let mut servers = TimesyncdServers::default();
            let faults = servers.read(0, text);
            let chosen = servers.chosen().iter().map(|(_, server)| Item::Server(server.clone()));
            Parsed { items: chosen.collect(), faults }
        }
    }
}

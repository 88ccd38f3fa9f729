//! Which configuration files of time services there are on this machine, and the servers that they name.

mod dhcp;
mod found;
mod ntpdate;
mod places;
mod reading;
mod sources;
mod systemd;

use std::path::Path;

use crate::config::{Form, guess_form, parse};
use crate::linux::SystemClock;
use crate::machine::Clock as _;

pub use found::{FileFault, Found};
use reading::Reading;

/// What the forms are that a user may name, for a message.
const FORMS: &str = "ntp.conf, chrony.conf, timesyncd.conf, .network files, ntp.toml, OpenNTPD's ntpd.conf, timemaster.conf, OpenWrt's \
                     /etc/config/system, variables as in /etc/default/ntpdate and /etc/sysconfig, DHCP leases, or a list with one full name \
                     or address on a line";

/// All files that exist, in the order in which they are asked for servers: the first with any is used.
pub fn configured() -> Vec<Found> {
    configured_under(Path::new("/"))
}

/// The same below another root directory.
pub fn configured_under(root: &Path) -> Vec<Found> {
    sources::all(root, now())
}

/// By this machine's clock, in seconds since 1970: leases that are over by then do not count.
fn now() -> i64 {
    SystemClock.now().real.to_unix().0
}

/// The file that the user names, of whatever form. Fails where it cannot be read, and where it is of none that is known.
pub fn named(file: &Path) -> Result<Found, FileFault> {
    let absolute = std::path::absolute(file);
    let file = absolute.as_deref().unwrap_or(file);
    let mut reading = Reading::new(Path::new("/"));
    let text = reading.text(file)?;
    let form = guess_form(&file.to_string_lossy(), &text).map_err(|looks_like| {
        let text =
            format!("this looks like {looks_like}, and not like a file that names time servers: those are {FORMS}");
        FileFault { file: file.to_owned(), line: None, text }
    })?;
    match form {
        Form::NtpdateDefaults => return Ok(ntpdate::defaults(reading, file, &text, None)),
        Form::Sysconfig => ntpdate::sysconfig(&mut reading, file, &text),
        Form::DhclientLeases => dhcp::take_in(&mut reading, &[(file.to_owned(), text)], now()),
        _ => reading.take_in(file, form, parse(form, &text)),
    }
    Ok(reading.found(file, form))
}

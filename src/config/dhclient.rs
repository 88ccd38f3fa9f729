//! dhclient's leases, for IPv4 and IPv6 (dhclient.leases(5)).

mod option56;
mod statements;

use chrono::NaiveDate;

use super::{LineFault, Server};
use option56::servers_of_option_56;
use statements::{Statement, statements};

/// No machine has more interfaces.
const MAX_LEASES: usize = 1000;
/// What stands for "for ever" in a time of DHCP (RFC 8415, section 7.7).
const FOR_EVER: i64 = u32::MAX as i64;

/// A lease that a machine was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lease {
    /// The interface that it is for, where the file says so.
    pub interface: Option<String>,
    /// DHCPv6.
    pub is_v6: bool,
    /// The time servers.
    pub servers: Vec<Server>,
    /// When it ends or ended, seconds since 1970; nothing where it does not end.
    pub expires: Option<i64>,
    /// Where it begins, counted from 1.
    pub line: usize,
}

impl Lease {
    /// Whether it has ended by then, seconds since 1970.
    pub fn is_over(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// What a file of leases says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leases {
    /// For each interface and version of IP the last in the file, in the order of their first ones.
    pub newest: Vec<Lease>,
    /// The lines of these that are wrong.
    pub faults: Vec<LineFault>,
}

/// Reads a file of leases. Older ones are history, whatever is wrong with them.
pub fn leases(text: &str) -> Leases {
    let mut known: Vec<(Lease, Vec<LineFault>)> = Vec::new();
    let mut current: Option<Reader> = None;
    let mut depth = 0_usize;
    for statement in statements(text) {
        match &statement {
            Statement::Open(line, words) => {
                if depth == 0 && matches!(words.first().map(String::as_str), Some("lease" | "lease6")) {
                    current = Some(Reader::new(*line, words[0] == "lease6"));
                }
                depth += 1;
            }
            Statement::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0
                    && let Some(reader) = current.take()
                {
                    let (lease, faults) = (reader.lease, reader.faults);
                    let is_same = |old: &Lease| old.interface == lease.interface && old.is_v6 == lease.is_v6;
                    let is_full = known.len() >= MAX_LEASES;
                    match known.iter_mut().find(|(old, _)| is_same(old)) {
                        Some(old) => *old = (lease, faults),
                        None if is_full => {}
                        None => known.push((lease, faults)),
                    }
                }
            }
            Statement::Line(line, words) => {
                if let Some(reader) = &mut current {
                    reader.line(*line, &words.iter().map(String::as_str).collect::<Vec<_>>());
                }
            }
        }
    }
    let (newest, faults): (Vec<_>, Vec<_>) = known.into_iter().unzip();
    let mut faults: Vec<LineFault> = faults.into_iter().flatten().collect();
    if let Some(reader) = current {
        faults.push(LineFault { line: reader.lease.line, text: "the lease lacks its closing brace".to_owned() });
    }
    Leases { newest, faults }
}

/// `2026/11/24` and `16:04:55`, which are UTC, in seconds since 1970.
fn moment(date: &str, time: &str) -> Option<i64> {
    let mut numbers = date.split('/').chain(time.split(':')).map(|number| number.parse::<u32>().ok());
    let mut next = || numbers.next().flatten();
    let day = NaiveDate::from_ymd_opt(i32::try_from(next()?).ok()?, next()?, next()?)?;
    Some(day.and_hms_opt(next()?, next()?, next()?)?.and_utc().timestamp())
}

/// A lease while it is read.
struct Reader {
    lease: Lease,
    faults: Vec<LineFault>,
    /// When the address of a DHCPv6 lease was given, seconds since 1970.
    starts: i64,
}

impl Reader {
    fn new(line: usize, is_v6: bool) -> Reader {
        Reader { lease: Lease { is_v6, line, ..Lease::default() }, faults: Vec::new(), starts: 0 }
    }

    fn line(&mut self, line: usize, words: &[&str]) {
        match words {
            ["interface", name] => self.lease.interface = Some((*name).to_owned()),
            ["option", "ntp-servers" | "dhcp6.sntp-servers" | "dhcp6.ntp-servers", servers @ ..] => {
                servers.iter().for_each(|word| self.server(line, Server::parse(word)));
            }
            ["option", "dhcp6.unknown-56", bytes] => {
                for server in servers_of_option_56(bytes) {
                    self.server(line, Server::parse(&server));
                }
            }
            ["expire", "never"] => self.lease.expires = None,
            ["expire", "epoch", seconds] => self.lease.expires = seconds.parse().ok(),
            ["expire", _weekday, date, time] => self.lease.expires = moment(date, time),
            ["starts", seconds] if self.lease.is_v6 => self.starts = seconds.parse().unwrap_or(0),
            ["max-life", seconds] if self.lease.is_v6 => {
                let life = seconds.parse().unwrap_or(FOR_EVER);
                let end = if life >= FOR_EVER { i64::MAX } else { self.starts.saturating_add(life) };
                self.lease.expires = self.lease.expires.max(Some(end));
            }
            ["released"] => self.lease.expires = Some(0),
            _ => {}
        }
    }

    fn server(&mut self, line: usize, server: Result<Server, String>) {
        match server {
            Ok(server) => self.lease.servers.push(server),
            Err(text) => self.faults.push(LineFault { line, text }),
        }
    }
}

#[cfg(test)]
mod tests;

//! This machine's own hardware clocks (PTP hardware clocks, /dev/ptpN) among servers: what they are called, and the place that they
//! have where servers have an address. Pure.
//!
//! All that counts, judges and shows servers goes by their addresses. A clock gets one of 100::/64, to which no packet is ever
//! delivered (RFC 6666), and which no server and no name can have ([`no_server`](super::no_server)).
#![forbid(unsafe_code)]

pub mod word;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::printable::printable;
use crate::time::Interval;

/// What a word begins with that names a clock of this machine in place of a server.
pub const PREFIX: &str = "phc:";

/// What follows the discard prefix in the place of a clock.
const TAG: [u16; 2] = [0x5048, 0x4300];

/// How far a clock in TAI is ahead of UTC since 2017 (IERS bulletin C), where the kernel does not know better.
pub const TAI_SINCE_2017: i32 = 37;

/// How a clock is read beside the system clock, from the best way to the worst (linux/ptp_clock.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Both clocks at one moment, by the hardware (PTP_SYS_OFFSET_PRECISE).
    Precise,
    /// The system clock right before and after the hardware's registers are read (PTP_SYS_OFFSET_EXTENDED).
    Extended,
    /// The system clock before and after the driver's whole reading (PTP_SYS_OFFSET).
    Basic,
}

impl Method {
    /// The word for people and programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Precise => "precise",
            Method::Extended => "extended",
            Method::Basic => "basic",
        }
    }
}

/// The time that a clock keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// UTC, as a virtual machine's clock does.
    Utc,
    /// TAI, as PTP does.
    Tai,
    /// What the user says.
    Given,
}

impl Scale {
    /// The word for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Scale::Utc => "utc",
            Scale::Tai => "tai",
            Scale::Given => "given",
        }
    }
}

/// What is known of a clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phc {
    /// The clock's number: N of /dev/ptpN.
    pub number: u32,
    /// The name that its driver gives it.
    pub name: String,
    /// How it is read.
    pub method: Method,
    /// What it keeps.
    pub scale: Scale,
    /// The clock − UTC.
    pub ahead: Interval,
}

impl Phc {
    /// What it is, and what it keeps, in one line for people.
    pub fn description(&self) -> String {
        let scale = match self.scale {
            Scale::Utc => "UTC".to_owned(),
            Scale::Tai => format!("TAI, {:.0} s ahead of UTC", self.ahead),
            Scale::Given => format!("{:+.6} s ahead of UTC as was given", self.ahead),
        };
        format!("clock \"{}\", read by the {} method, keeps {scale}", printable(&self.name), self.method.as_str())
    }
}

/// The address in whose place a clock stands, with port 0.
pub fn address_of(number: u32) -> SocketAddr {
    let [high, low] = [(number >> 16) as u16, number as u16];
    let ip = Ipv6Addr::new(0x100, 0, 0, 0, TAG[0], TAG[1], high, low);
    SocketAddr::new(ip.into(), 0)
}

/// The clock's number, where an address is the place of one.
pub fn number_of(address: IpAddr) -> Option<u32> {
    let IpAddr::V6(address) = address else { return None };
    match address.segments() {
        [0x100, 0, 0, 0, first, second, high, low] if [first, second] == TAG => {
            Some(u32::from(high) << 16 | u32::from(low))
        }
        _ => None,
    }
}

/// A clock as it is shown and can be typed: `phc:/dev/ptp0`.
pub fn shown(number: u32) -> String {
    format!("{PREFIX}/dev/ptp{number}")
}

/// Whether a word names a clock of this machine.
pub fn is_clock(word: &str) -> bool {
    word.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_place_and_no_other_address_is_one() {
        for number in [0, 1, 65_535, 65_536, u32::MAX] {
            assert_eq!(number_of(address_of(number).ip()), Some(number));
        }
        for address in ["100::", "100::1", "100::5048:0:0:0", "2001:db8::5048:4300:0:0", "192.0.2.1", "::1"] {
            assert_eq!(number_of(address.parse().unwrap()), None, "{address}");
        }
        assert_eq!(super::super::bare(address_of(7)), "phc:/dev/ptp7");
    }
}

//! The first step of a packet's way: this machine's routes and links, as they are before a run is confined.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

use super::neighbours::Neighbours;
use crate::evidence::NextHop;

/// The main tables. Rules that choose others are not looked at, so that what they say is likely and not certain.
const ROUTES: &str = "/proc/net/route";
const ROUTES6: &str = "/proc/net/ipv6_route";
/// What is read of a table: some ten thousand routes.
const LONGEST: u64 = 4 << 20;
/// linux/route.h: the route is up; it leads nowhere.
const UP: u32 = 1;
const REJECT: u32 = 0x200;

/// The routes and links.
#[derive(Debug, Default)]
pub struct Ways {
    routes: Vec<Route>,
    /// Links that are up and have no carrier.
    dead: Vec<String>,
    /// To ask for neighbours by.
    kernel: Option<OwnedFd>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    network: IpAddr,
    prefix: u32,
    gateway: Option<IpAddr>,
    metric: u32,
    interface: String,
}

impl Ways {
    /// As they are now; what cannot be read is not known.
    pub fn read() -> Ways {
        let text = |path| {
            let mut text = String::new();
            let file = std::fs::File::open(path);
            let _ = file.and_then(|file| file.take(LONGEST).read_to_string(&mut text));
            text
        };
        let (v4, v6) = (text(ROUTES), text(ROUTES6));
        let routes = v4.lines().filter_map(route).chain(v6.lines().filter_map(route6)).collect();
        let is_dead = |flags: InterfaceFlags| {
            flags.contains(InterfaceFlags::IFF_UP) && !flags.contains(InterfaceFlags::IFF_RUNNING)
        };
        let links = getifaddrs().into_iter().flatten().filter(|link| is_dead(link.flags));
        Ways { routes, dead: links.map(|link| link.interface_name).collect(), kernel: Neighbours::socket() }
    }

    /// The neighbours of this machine, as they are now.
    pub(super) fn neighbours(&self) -> Neighbours {
        Neighbours::read(self.kernel.as_ref())
    }

    /// The first step to an address, and whether there is anybody by what is known of neighbours.
    pub(super) fn to(&self, address: IpAddr, neighbours: &Neighbours) -> Option<NextHop> {
        let fits = self.routes.iter().filter(|route| holds(route.network, route.prefix, address));
        let best = fits.max_by_key(|route| (route.prefix, std::cmp::Reverse(route.metric)))?;
        Some(NextHop {
            gateway: best.gateway,
            interface: best.interface.clone(),
            has_carrier: !self.dead.contains(&best.interface),
            neighbour: neighbours.of(best.gateway.unwrap_or(address)),
        })
    }
}

fn holds(network: IpAddr, prefix: u32, address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let ((network, length), (address, other)) = (bits(network), bits(address));
    length == other && (prefix == 0 || (network ^ address) >> (128 - prefix.min(128)) == 0)
}

/// Columns: interface, destination, gateway, flags, two counts, metric, mask; addresses as this machine holds them in memory.
fn route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let number = |place: usize| u32::from_str_radix(fields.get(place)?, 16).ok();
    let address = |place: usize| Some(Ipv4Addr::from(number(place)?.to_ne_bytes()));
    if number(3)? & (UP | REJECT) != UP {
        return None;
    }
    Some(Route {
        network: address(1)?.into(),
        prefix: number(7)?.count_ones(),
        gateway: address(2).filter(|gateway| !gateway.is_unspecified()).map(IpAddr::from),
        metric: fields.get(6)?.parse().ok()?,
        interface: (*fields.first()?).to_owned(),
    })
}

/// Columns: destination and its length, source and its length, gateway, metric, two counts, flags, interface.
fn route6(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let number = |place: usize| u32::from_str_radix(fields.get(place)?, 16).ok();
    let address = |place: usize| Some(Ipv6Addr::from(u128::from_str_radix(fields.get(place)?, 16).ok()?));
    if number(8)? & (UP | REJECT) != UP {
        return None;
    }
    Some(Route {
        network: address(0)?.into(),
        prefix: number(1)?,
        gateway: address(4).filter(|gateway| !gateway.is_unspecified()).map(IpAddr::from),
        metric: number(5)?,
        interface: (*fields.get(9)?).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Neighbour;

    #[test]
    fn the_longest_prefix_leads() {
        let word = |text: &str| u32::from_ne_bytes(text.parse::<Ipv4Addr>().unwrap().octets());
        let line = |network: &str, gateway: &str, mask: &str, metric: u32| {
            format!(
                "eth0\t{:08X}\t{:08X}\t0003\t0\t0\t{metric}\t{:08X}\t0\t0\t0",
                word(network),
                word(gateway),
                word(mask)
            )
        };
        let six = "20010db8000000000000000000000000 20 00000000000000000000000000000000 00 \
                   fe800000000000000000000000000001 00000400 00000001 00000000 00000003 wlan0";
        let mut ways = Ways::default();
        assert_eq!(route("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask"), None);
        ways.routes.extend(route(&line("0.0.0.0", "10.0.0.1", "0.0.0.0", 100)));
        ways.routes.extend(route(&line("0.0.0.0", "10.0.0.2", "0.0.0.0", 50)));
        ways.routes.extend(route(&line("10.0.0.0", "0.0.0.0", "255.255.255.0", 0)));
        ways.routes.extend(route6(six));
        ways.dead.push("wlan0".to_owned());
        let hop = |gateway: Option<&str>, interface: &str, has_carrier| {
            let gateway = gateway.map(|gateway| gateway.parse().unwrap());
            Some(NextHop { gateway, interface: interface.to_owned(), has_carrier, neighbour: Neighbour::Unknown })
        };
        let to = |address: &str| ways.to(address.parse().unwrap(), &Neighbours::default());
        assert_eq!(to("192.0.2.1"), hop(Some("10.0.0.2"), "eth0", true));
        assert_eq!(to("10.0.0.7"), hop(None, "eth0", true));
        assert_eq!(to("2001:db8::7"), hop(Some("fe80::1"), "wlan0", false));
        assert_eq!(to("2001:db9::7"), None);
    }
}

//! When each request leaves, so that no network is asked faster than it likes.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Between two requests to one network, where nothing else is said: 100 a second are 60 kbit/s, a small part of what any link carries, and below
/// what firewalls and intrusion detection take for a scan.
pub const DEFAULT_GAP: Duration = Duration::from_millis(10);
/// Between two requests to whomever: 10,000 a second are 6 Mbit/s.
const TOTAL_GAP: Duration = Duration::from_micros(100);

/// The moment of each request, from the start, and its place among the addresses; in the order of the moments. One network (an
/// IPv4 /24, an IPv6 /64) is sent a request every `gap`, and the networks take turns.
pub fn schedule(addresses: &[SocketAddr], gap: Duration) -> Vec<(Duration, usize)> {
    let mut sent: HashMap<u64, u32> = HashMap::new();
    let mut moments: Vec<(Duration, usize)> = Vec::with_capacity(addresses.len());
    for (place, address) in addresses.iter().enumerate() {
        let number = sent.entry(network(address.ip())).or_default();
        moments.push((gap.saturating_mul(*number), place));
        *number += 1;
    }
    moments.sort_by_key(|(at, _)| *at);
    let mut free = Duration::ZERO;
    for (at, _) in &mut moments {
        *at = free.max(*at);
        free = *at + TOTAL_GAP;
    }
    moments
}

/// The network of an address: as many bits of it as are usually one site's.
fn network(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => u64::from(v4.to_bits() >> 8),
        // IPv4's numbers end far below those of addresses that are in use.
        IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(networks: u8, hosts: u8) -> Vec<SocketAddr> {
        let host = |n, h| SocketAddr::new(IpAddr::from([10, 0, n, h]), 123);
        (0..networks).flat_map(|n| (0..hosts).map(move |h| host(n, h))).collect()
    }

    /// The most moments within any second.
    fn busiest(moments: &[Duration]) -> usize {
        let within =
            |start: Duration| moments.iter().filter(move |at| (start..start + Duration::from_secs(1)).contains(at));
        moments.iter().map(|start| within(*start).count()).max().unwrap_or(0)
    }

    #[test]
    fn no_network_gets_more_than_its_rate_in_any_second() {
        let addresses = addresses(30, 200);
        for rate in [7.0, 100.0] {
            let moments = schedule(&addresses, Duration::from_secs_f64(1.0 / rate));
            assert_eq!(moments.len(), addresses.len());
            for network in 0..30 {
                let of_it = |place: usize| place / 200 == network;
                let of_it: Vec<Duration> = moments.iter().filter(|(_, p)| of_it(*p)).map(|(at, _)| *at).collect();
                // One more where the pace of all networks together shifts a few by less than a gap.
                assert!(busiest(&of_it) as f64 <= rate + 1.0, "{}", busiest(&of_it));
            }
            let last = moments.last().unwrap().0.as_secs_f64();
            assert!((last - 199.0 / rate).abs() < 0.1, "networks take turns, and none waits for another: {last}");
        }
    }

    #[test]
    fn all_networks_together_have_a_rate_too() {
        let many: Vec<SocketAddr> =
            (0..20_000_u32).map(|n| SocketAddr::new(IpAddr::from((n << 8 | 1).to_be_bytes()), 1)).collect();
        let moments = schedule(&many, DEFAULT_GAP);
        assert!((moments.last().unwrap().0.as_secs_f64() - 2.0).abs() < 0.01);
        let sorted = moments.is_sorted_by_key(|(at, _)| *at);
        assert!(sorted && moments[1].0 > moments[0].0);
    }

    #[test]
    fn ten_thousand_addresses_are_asked_within_three_seconds() {
        let moments = schedule(&addresses(40, 250), DEFAULT_GAP);
        assert!(moments.last().unwrap().0 < Duration::from_secs(3));
    }

    #[test]
    fn a_network_of_the_new_protocol_is_a_link() {
        let at = |text: &str| network(text.parse().unwrap());
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_ne!(at("192.0.2.1"), at("192.0.3.1"));
    }
}

//! What the configured name servers say of a name, asked one by one: the C library tells neither who answered nor what.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crate::evidence::{NameAnswer, NameEvidence};
use crate::linux::random;

const CONFIGURATION: &str = "/etc/resolv.conf";
/// What is read of it.
const LONGEST: u64 = 64 * 1024;
/// The C library asks no more (resolv.conf(5)).
const MOST_SERVERS: usize = 3;
/// Names that are looked into.
const MOST_NAMES: usize = 16;
const PORT: u16 = 53;
/// Room for any answer to a plain question.
const DATAGRAM: usize = 1500;

/// Asks every name server for every name at once, and waits for answers so long.
pub(crate) fn examine(names: &[String], wait: Duration) -> Vec<NameEvidence> {
    let configured = configured();
    let servers = configured.clone().unwrap_or_default();
    let ask = |name: &String, server: &IpAddr| {
        let (name, server) = (name.clone(), *server);
        thread::Builder::new().spawn(move || ask(&name, server, wait)).ok()
    };
    let asked: Vec<Vec<_>> = names
        .iter()
        .take(MOST_NAMES)
        .map(|name| servers.iter().map(|server| (*server, ask(name, server))).collect())
        .collect();
    let evidence = asked.into_iter().map(|asked| NameEvidence {
        configured: configured.clone(),
        answers: asked.into_iter().filter_map(|(server, thread)| Some((server, thread?.join().ok()?))).collect(),
    });
    evidence.collect()
}

fn configured() -> Result<Vec<IpAddr>, String> {
    let mut text = String::new();
    let file = std::fs::File::open(CONFIGURATION).map_err(|error| error.to_string())?;
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let servers = text.lines().filter_map(|line| line.trim_start().strip_prefix("nameserver"));
    // A zone behind a link-local address does not matter to who it is.
    let address = |rest: &str| rest.split_whitespace().next()?.split('%').next()?.parse().ok();
    Ok(servers.filter_map(address).take(MOST_SERVERS).collect())
}

fn ask(name: &str, server: IpAddr, wait: Duration) -> NameAnswer {
    let end = Instant::now() + wait;
    let unreachable = |error: std::io::Error| NameAnswer::Unreachable(error.to_string());
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let number = match random::u64() {
        Ok(number) => number.to_be_bytes(),
        Err(error) => return unreachable(error),
    };
    let question = question(name, [number[0], number[1]]);
    let opened = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(SocketAddr::new(server, PORT))?;
        socket.send(&question).map(|_| socket)
    });
    let socket = match opened {
        Ok(socket) => socket,
        Err(error) => return unreachable(error),
    };
    let mut answer = [0; DATAGRAM];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || socket.set_read_timeout(Some(left)).is_err() {
            return NameAnswer::Silent;
        }
        match socket.recv(&mut answer) {
            Ok(length) if length >= 12 && answer[..2] == question[..2] && answer[2] & 0x80 != 0 => {
                let is_cut = answer[2] & 0x02 != 0;
                return if is_cut { NameAnswer::Cut } else { NameAnswer::Code(answer[3] & 0x0f) };
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => return unreachable(error),
            Err(_) => {}
        }
    }
}

/// A question for the IPv4 address of a name, recursion desired (RFC 1035 §4.1). What is no name has none.
fn question(name: &str, number: [u8; 2]) -> Vec<u8> {
    let mut packet = vec![number[0], number[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.trim_end_matches('.').split('.') {
        let label = &label.as_bytes()[..label.len().min(63)];
        packet.push(label.len() as u8);
        packet.extend(label);
    }
    packet.extend([0, 0, 1, 0, 1]);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_as_the_standard_has_it() {
        let packet = question("a.example.", [7, 9]);
        assert_eq!(packet[..12], [7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&packet[12..], b"\x01a\x07example\0\0\x01\0\x01");
    }
}

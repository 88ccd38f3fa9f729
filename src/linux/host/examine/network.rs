//! Timestamps, routes and names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::doctor::{Name, NameError, Routes, Stamps};
use crate::linux::net::{SystemResolver, UdpNetwork};
use crate::machine::{Network as _, Resolver as _};
use crate::net::{Event, Family, ResolveError};

/// Reserved for documentation (RFC 5737, RFC 3849): the kernel looks for a route, and nothing is sent.
const FAR_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const FAR_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
/// Looked up where no server's name is known (RFC 2606).
const SOME_NAME: &str = "example.org";
const TIMEOUT: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(20);
/// For a packet over loopback.
const LOOPBACK: Duration = Duration::from_millis(300);

/// The kernel switches timestamps of arrival on when somebody asks for them, and then when it has time: the first packets may come
/// without.
const TRIES: usize = 8;

/// Sends packets to itself and looks which times the kernel tells.
pub(super) fn stamps() -> Stamps {
    let mut stamps = Stamps { sent: false, received: false };
    let (Ok(echo), Ok(mut network)) = (UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)), UdpNetwork::new()) else {
        return stamps;
    };
    let Ok(address) = echo.local_addr() else { return stamps };
    if network.open(address, None).is_err() || echo.set_read_timeout(Some(LOOPBACK)).is_err() {
        return stamps;
    }
    for _ in 0..TRIES {
        if network.send(0, b"time?").is_ok()
            && exchange(&echo, &mut network, &mut stamps)
            && stamps.sent
            && stamps.received
        {
            break;
        }
        std::thread::sleep(BETWEEN);
    }
    stamps
}

/// One packet there and one back; says whether they came through.
fn exchange(echo: &UdpSocket, network: &mut UdpNetwork, stamps: &mut Stamps) -> bool {
    let mut datagram = [0; 16];
    let Ok((_, from)) = echo.recv_from(&mut datagram) else { return false };
    if echo.send_to(b"now", from).is_err() {
        return false;
    }
    let end = Instant::now() + LOOPBACK;
    let (mut events, mut is_back) = (Vec::new(), false);
    while Instant::now() < end && !is_back {
        network.wait(Duration::from_millis(50), &mut events);
        for event in events.drain(..) {
            match event {
                Event::Sent { .. } => stamps.sent = true,
                Event::Received { at, .. } => {
                    is_back = true;
                    stamps.received |= at.is_some();
                }
                Event::Flooded { .. } | Event::Rumoured { .. } | Event::Failed { .. } => {}
            }
        }
    }
    is_back
}

pub(super) fn routes() -> Routes {
    Routes { v4: source_for(FAR_V4), v6: source_for(FAR_V6) }
}

/// The address from which packets to another would leave.
fn source_for(far: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if far.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(SocketAddr::new(far, 123)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Looks up a configured server's name, or any.
pub(super) fn look_up(configured: Option<&str>) -> Name {
    let name = configured.unwrap_or(SOME_NAME).to_owned();
    let found = SystemResolver.resolve(std::slice::from_ref(&name), Family::Any, TIMEOUT).pop();
    let found = match found {
        Some(Ok(addresses)) => {
            let v4 = addresses.iter().filter(|address| address.is_ipv4()).count();
            Ok((v4, addresses.len() - v4))
        }
        Some(Err(error @ ResolveError::NoAddress { .. })) => Err(NameError::NoSuchName(error.to_string())),
        Some(Err(error)) => Err(NameError::NoNameServer(error.to_string())),
        None => Err(NameError::NoNameServer("no answer".to_owned())),
    };
    Name { name, configured: configured.is_some(), found }
}

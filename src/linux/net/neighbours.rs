//! The kernel's table of neighbours (rtnetlink(7), RTM_GETNEIGH): who on the links of this machine answers for an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket};

use crate::evidence::Neighbour;

/// linux/rtnetlink.h and linux/netlink.h.
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
/// NLM_F_REQUEST and NLM_F_DUMP.
const DUMP: u16 = 0x1 | 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// linux/neighbour.h: the attribute with the address; NUD_INCOMPLETE and NUD_FAILED: asked for, and nobody has answered; NUD_NONE.
const NDA_DST: u16 = 1;
const UNANSWERED: u16 = 0x01 | 0x20;
const NONE: u16 = 0;

/// Bytes of a message's head, and of what stands before its attributes.
const HEAD: usize = 16;
const FIXED: usize = HEAD + 12;
/// Datagrams that are taken in: some thousand neighbours each.
const MOST: usize = 64;

/// What the kernel knows of each address: the same address may be on several links.
#[derive(Debug, Default)]
pub(super) struct Neighbours(Vec<(IpAddr, Neighbour)>);

impl Neighbours {
    /// A socket to ask the kernel by, for a run that can open none later; nothing where that is forbidden.
    pub(super) fn socket() -> Option<OwnedFd> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute).ok()
    }

    /// The table as it is now; empty where it cannot be read.
    pub(super) fn read(socket: Option<&OwnedFd>) -> Neighbours {
        let mut found = Neighbours::default();
        let Some(socket) = socket else { return found };
        let kernel = NetlinkAddr::new(0, 0);
        if sendto(socket.as_raw_fd(), &request(), &kernel, MsgFlags::empty()).is_ok() {
            found.take_in(socket);
        }
        found
    }

    /// The kernel answers a dump as fast as it is read: that nothing is there means that nothing comes.
    fn take_in(&mut self, socket: &OwnedFd) {
        let mut storage = vec![0; 64 * 1024];
        for _ in 0..MOST {
            match recv(socket.as_raw_fd(), &mut storage, MsgFlags::MSG_DONTWAIT) {
                Ok(length) if length > 0 && self.add(storage.get(..length).unwrap_or_default()) => {}
                _ => return,
            }
        }
    }

    /// Adds the neighbours of one datagram; says whether more follow.
    fn add(&mut self, mut datagram: &[u8]) -> bool {
        while let Some(head) = datagram.first_chunk::<HEAD>() {
            let length = u32::from_ne_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let kind = u16::from_ne_bytes([head[4], head[5]]);
            if matches!(kind, NLMSG_DONE | NLMSG_ERROR) || !(HEAD..=datagram.len()).contains(&length) {
                return false;
            }
            if kind == RTM_NEWNEIGH {
                self.0.extend(neighbour(&datagram[..length]));
            }
            datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        true
    }

    /// Says whether anybody answers for an address. Nobody does only if that holds for every link where it was asked for.
    pub(super) fn of(&self, address: IpAddr) -> Neighbour {
        let mut known =
            self.0.iter().filter(|(other, _)| *other == address).map(|(_, neighbour)| *neighbour).peekable();
        if known.peek().is_none() {
            return Neighbour::Unknown;
        }
        if known.all(|neighbour| neighbour == Neighbour::Silent) { Neighbour::Silent } else { Neighbour::Answers }
    }
}

/// A request for all neighbours of all families.
fn request() -> [u8; FIXED] {
    let mut request = [0; FIXED];
    request[..4].copy_from_slice(&(FIXED as u32).to_ne_bytes());
    request[4..6].copy_from_slice(&RTM_GETNEIGH.to_ne_bytes());
    request[6..8].copy_from_slice(&DUMP.to_ne_bytes());
    request
}

/// The neighbour of a message; nothing where it has no address, or the kernel has never looked for it.
fn neighbour(message: &[u8]) -> Option<(IpAddr, Neighbour)> {
    let state = u16::from_ne_bytes([*message.get(HEAD + 8)?, *message.get(HEAD + 9)?]);
    let mut attributes = message.get(FIXED..)?;
    while let [first, second, third, fourth, ..] = *attributes {
        let (length, kind) = (usize::from(u16::from_ne_bytes([first, second])), u16::from_ne_bytes([third, fourth]));
        let value = attributes.get(4..length)?;
        if kind == NDA_DST {
            let v4 = <[u8; 4]>::try_from(value).map(|octets| IpAddr::from(Ipv4Addr::from(octets)));
            let address =
                v4.or_else(|_| <[u8; 16]>::try_from(value).map(|octets| Ipv6Addr::from(octets).into())).ok()?;
            let is_silent = state & UNANSWERED != 0;
            let neighbour = if is_silent { Neighbour::Silent } else { Neighbour::Answers };
            return (state != NONE).then_some((address, neighbour));
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message as the kernel writes it: an attribute with a hardware address, then one with the address.
    fn message(kind: u16, state: u16, address: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; FIXED];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[HEAD + 8..HEAD + 10].copy_from_slice(&state.to_ne_bytes());
        for (kind, value) in [(2_u16, &[0_u8; 6][..]), (NDA_DST, address)] {
            bytes.extend((4 + value.len() as u16).to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        let length = bytes.len() as u32;
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        bytes
    }

    #[test]
    fn nobody_answers_where_every_link_says_so() {
        let mut table = Neighbours::default();
        let [one, two, three, six] =
            ["10.0.0.1", "10.0.0.2", "10.0.0.3", "fe80::1"].map(|text| text.parse::<IpAddr>().unwrap());
        let octets = Ipv6Addr::from(0xfe80_u128 << 112 | 1).octets();
        let parts = [
            message(RTM_NEWNEIGH, 0x20, &[10, 0, 0, 1]),
            message(RTM_NEWNEIGH, 0x02, &[10, 0, 0, 2]),
            message(RTM_NEWNEIGH, 0x01, &[10, 0, 0, 2]),
            message(RTM_NEWNEIGH, 0, &[10, 0, 0, 3]),
            message(RTM_NEWNEIGH, 0x01, &octets),
        ];
        assert!(table.add(&parts.concat()));
        assert_eq!(
            [one, two, three, six].map(|address| table.of(address)),
            [Neighbour::Silent, Neighbour::Answers, Neighbour::Unknown, Neighbour::Silent]
        );
        assert!(!table.add(&message(NLMSG_DONE, 0, &[])), "the end is seen");
    }

    #[test]
    fn what_is_cut_or_lies_about_its_length_ends_the_reading() {
        let whole = message(RTM_NEWNEIGH, 0x20, &[10, 0, 0, 1]);
        for end in 0..whole.len() {
            let mut table = Neighbours::default();
            table.add(&whole[..end]);
            assert_eq!(table.of("10.0.0.1".parse().unwrap()), Neighbour::Unknown, "{end}");
        }
        for (place, byte) in (0..whole.len()).flat_map(|place| [0, 1, 3, 0x7f, 0xff].map(|byte| (place, byte))) {
            let mut lying = whole.clone();
            lying[place] = byte;
            Neighbours::default().add(&lying);
        }
    }
}

//! Several servers, not all of them with the right key.

use super::relay::Relay;
use super::types::{KEYS, file, wrong_file};
use super::with_key;
use crate::support::keyed::{KeyFile, Kind, wait_fit};
use crate::support::netns::Netns;
use crate::support::require;

/// What somebody on the way does to a reply.
type Change = fn(&mut Vec<u8>);

/// Two chronyds with our keys, one with others, and one with ours whose replies are changed on their way.
#[test]
fn those_that_prove_nothing_have_no_part_in_the_result() {
    let Some(cache) = require::servers() else { return };
    let (network, behind) = (Netns::new(), Netns::new());
    let kind = Kind::Chronyd;
    let addresses = [("10.0.0.1", "fd00::1"), ("10.0.0.2", "fd00::2"), ("10.0.0.3", "fd00::3")];
    let peers = addresses.map(|(v4, v6)| {
        network.add_address(&format!("{v4}/32"));
        network.add_address(&format!("{v6}/128"));
        let config = format!("keyfile /srv/keys\nbindaddress {v4}\nbindaddress {v6}");
        let keys = if v4 == "10.0.0.3" { wrong_file(kind) } else { file(kind) };
        let peer = kind.start(&cache, &network, &config, &keys);
        wait_fit(&network, &peer, v4);
        peer
    });
    let hidden = kind.start(&cache, &behind, "keyfile /srv/keys", &file(kind));
    wait_fit(&behind, &hidden, super::LOOPBACK);
    network.add_address("10.0.0.4/32");
    // One bit of the transmit timestamp.
    let relay = Relay::start(&network, "10.0.0.4:123", &behind, |reply| reply[44] ^= 1);
    let ours = KeyFile::new(&file(Kind::Ntpd));
    let all = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"];
    for (id, name, _) in KEYS {
        let run = with_key(&network, "-q", id, ours.path(), &[&["-t0.3"][..], &all].concat());
        assert_eq!(run.status, Some(0), "{name}: {run:#?}");
        assert!(run.stderr.contains("10.0.0.4: Server dropped: Server is untrusted"), "{name}: {run:#?}");
        assert!(run.stderr.contains("10.0.0.3: no data: no reply to "), "{name}: {run:#?}");
        let last = run.stdout.lines().last().unwrap_or_default();
        assert!(last.contains("time server 10.0.0.1 ") || last.contains("time server 10.0.0.2 "), "{name}: {run:#?}");
    }
    assert!(relay.replies() >= KEYS.len(), "{}", relay.replies());
    drop(peers);
}

/// An attacker without the key on the way, who can change and cut packets.
#[test]
fn no_change_of_a_real_reply_is_believed() {
    let Some(cache) = require::servers() else { return };
    let (network, behind) = (Netns::new(), Netns::new());
    let kind = Kind::Chronyd;
    let peer = kind.start(&cache, &behind, "keyfile /srv/keys", &file(kind));
    wait_fit(&behind, &peer, super::LOOPBACK);
    let ours = KeyFile::new(&file(Kind::Ntpd));
    let changes: [(&str, Change); 9] = [
        ("leap", |reply| reply[0] ^= 0x40),
        ("stratum", |reply| reply[1] ^= 1),
        ("root dispersion", |reply| reply[11] ^= 1),
        ("receive and transmit", |reply| {
            reply[35] ^= 1;
            reply[43] ^= 1;
        }),
        ("transmit", |reply| reply[47] ^= 1),
        ("key number", |reply| reply[51] ^= 1),
        ("digest", |reply| *reply.last_mut().expect("a reply") ^= 1),
        ("no code", |reply| reply.truncate(48)),
        ("crypto-NAK", |reply| {
            reply.truncate(48);
            reply.extend([0; 4]);
        }),
    ];
    let unchanged = Relay::start(&network, "127.0.0.1:123", &behind, |_| {});
    with_key(&network, "-q", 2, ours.path(), &["-p2", "127.0.0.1"]).assert_passed();
    assert_eq!(unchanged.replies(), 2);
    drop(unchanged);
    for (name, change) in changes {
        let relay = Relay::start(&network, "127.0.0.1:123", &behind, change);
        for id in [2, 6] {
            let run = with_key(&network, "-q", id, ours.path(), &["-p2", "-t0.4", "--interval=0.2", "127.0.0.1"]);
            println!("{name}: {}", run.stderr.lines().next().unwrap_or_default());
            run.assert_dropped("127.0.0.1", "Server dropped: Server is untrusted");
        }
        assert!(relay.replies() >= 2, "{name}");
    }
}

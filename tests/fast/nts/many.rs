//! All key exchanges at once.

use std::time::{Duration, Instant};

use rntpdate::internals::nts::{KeyFailure, Stage};
use rntpdate::internals::wire::nts::ALPN;

use super::{Client, good};
use crate::support::nts::key_server::{Door, KeyServer, good as good_answer};

#[test]
fn no_server_waits_for_another() {
    let (authority, certificate) = good();
    let servers: Vec<KeyServer> = (0..40).map(|_| KeyServer::honest(&certificate)).collect();
    let mute = KeyServer::on_loopback(&certificate, Door::Mute, good_answer(8));
    let mut client = Client::of(&authority);
    let mut silent = client.order(99, mute.address);
    silent.deadline -= Duration::from_secs(8);
    let begun = Instant::now();
    client.begin(silent);
    for (number, server) in servers.iter().enumerate() {
        let order = client.order(number, server.address);
        client.begin(order);
    }
    let mut done = client.wait(40);
    assert!(begun.elapsed() < Duration::from_millis(1900), "{:?}", begun.elapsed());
    assert!(done.iter().all(|done| done.result.is_ok()), "{done:?}");
    done.sort_by_key(|done| done.number);
    assert!(done.iter().enumerate().all(|(place, done)| done.number == place));
    let late = client.wait(1).remove(0);
    assert_eq!((late.number, late.result), (99, Err(KeyFailure::Silent(Stage::Handshake))));
    assert!(servers.iter().all(|server| server.connections() == 1));
    assert_eq!(ALPN, b"ntske/1");
}

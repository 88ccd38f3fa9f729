//! Key exchanges with the servers of other makers.

use std::net::SocketAddr;

use rntpdate::internals::wire::nts::Aead;

use super::{SERVER, good, real_server};
use crate::support::netns::Netns;
use crate::support::nts::client::{Client, connecting};
use crate::support::require;

#[test]
fn chronyd_and_ntpsec_give_keys_and_eight_cookies() {
    let Some(cache) = require::servers() else { return };
    let (authority, certificate) = good();
    for is_chronyd in [true, false] {
        let network = Netns::new();
        let peer = real_server(is_chronyd, &cache, &network, &certificate);
        peer.wait_ready(&network, SERVER);
        let address: SocketAddr = (SERVER.parse::<std::net::IpAddr>().unwrap(), 4460).into();
        let mut client = Client::of(&authority);
        let mut order = client.order(0, address);
        SERVER.clone_into(&mut order.name);
        client.begin_over(order, network.enter(|| connecting(address)));
        let new = client.wait(1).remove(0).result.unwrap_or_else(|failure| panic!("{failure:?}\n{}", peer.log()));
        assert_eq!((new.server, new.port, new.provisional), (None, None, None));
        let association = new.association;
        assert_eq!((association.aead, association.cookies.len()), (Aead::SivCmac256, 8), "{is_chronyd}");
        assert!(association.other_keys.is_none());
    }
}

//! Which datagrams come, how often, and from where.

use super::*;

#[test]
fn silence_and_schedules() {
    let server = Server::builder().nth(3, Behaviour::Silent).nth(2, Behaviour::Kiss(*b"RATE")).start();
    let mut client = Client::new(&server);
    let strata: Vec<_> = (0..2).map(|_| client.ask()[1]).collect();
    assert_eq!(strata, [2, 0]);
    client.send();
    assert!(client.silent());
    assert_eq!(client.ask()[ORIGIN], Client::nonce(4));
    assert_eq!((server.requests().len(), server.replies().len()), (4, 3));

    let picks = |n: usize, _: &crate::support::ntpserver::ReceivedRequest| n.is_multiple_of(2);
    let server = Server::builder()
        .first(1, Behaviour::Stratum(9))
        .matching(picks, Behaviour::Stratum(5))
        .when(crate::support::ntpserver::When::Every(3), Behaviour::Leap(3));
    let server = server.start();
    let mut client = Client::new(&server);
    let seen: Vec<_> = (0..6).map(|_| client.ask()).map(|reply| (reply[0] >> 6, reply[1])).collect();
    assert_eq!(seen, [(0, 9), (0, 5), (3, 2), (0, 5), (0, 2), (3, 5)]);
}

#[test]
fn losses() {
    let pattern = |server: Server| {
        let mut client = Client::new(&server);
        (0..40).for_each(|_| client.send());
        assert!(server.wait_for_requests(40, PATIENCE));
        let mut heard = vec![];
        while let Some((reply, _)) = client.receive_from(SILENCE) {
            heard.push(reply[24]);
        }
        heard
    };
    let lossy = |probability| Server::builder().behave(Behaviour::Lossy { probability, seed: 7 }).start();
    let half = pattern(lossy(0.5));
    assert!((10..=30).contains(&half.len()), "{half:?}");
    assert_eq!(pattern(lossy(0.5)), half);
    assert_eq!(pattern(lossy(0.0)).len(), 40);
    assert_eq!(pattern(lossy(1.0)).len(), 0);
    let odd: Vec<u8> = (1..=40).filter(|n| n % 4 != 2).collect();
    assert_eq!(pattern(Server::builder().behave(Behaviour::LossPattern(".x..")).start()), odd);
}

#[test]
fn duplicates_and_replays() {
    let server = Server::builder().behave(Behaviour::Duplicate(2)).start();
    let mut client = Client::new(&server);
    client.send();
    let replies: Vec<_> = (0..3).map(|_| client.receive()).collect();
    assert!(replies.iter().all(|reply| *reply == replies[0]));
    assert!(client.silent());

    let server = Server::builder().behave(Behaviour::Replay).start();
    let mut client = Client::new(&server);
    client.send();
    assert!(client.silent());
    assert_eq!(client.ask()[ORIGIN], Client::nonce(1));
    assert_eq!(client.ask()[ORIGIN], Client::nonce(2));

    let server = Server::builder().nth(2, Behaviour::Replay).start();
    let mut client = Client::new(&server);
    let first = client.ask();
    assert_eq!((client.ask(), client.ask()[24]), (first, 3));
}

#[test]
fn replies_from_elsewhere() {
    let server = Server::builder().behave(Behaviour::FromOtherPort).start();
    let mut client = Client::new(&server);
    client.send();
    let (reply, from) = client.receive_from(PATIENCE).expect("a reply");
    assert_eq!((&reply[ORIGIN], from.ip()), (&Client::nonce(1)[..], server.addr().ip()));
    assert_ne!(from.port(), server.port());

    let elsewhere = "127.0.0.77".parse().expect("an address");
    let server = Server::builder().nth(1, Behaviour::FromAddress(elsewhere)).start();
    let mut client = Client::new(&server);
    client.send();
    assert_eq!(client.receive_from(PATIENCE).expect("a reply").1, SocketAddr::new(elsewhere, server.port()));
    client.send();
    assert_eq!(client.receive_from(PATIENCE).expect("a reply").1, server.addr());
}

#[test]
fn forged_and_unasked_replies() {
    let forged = Behaviour::Forged { count: 3, shift: 1000 * SECOND };
    let server = Server::builder().behave(forged).behave(Behaviour::Premature(1)).start();
    let mut client = Client::new(&server);
    client.send();
    let replies: Vec<_> = (0..5).map(|_| client.receive_from(PATIENCE).expect("a reply")).collect();
    assert!(replies.iter().all(|(_, from)| *from == server.addr()));
    let good: Vec<_> = replies.iter().map(|(reply, _)| reply[ORIGIN] == Client::nonce(1)).collect();
    assert_eq!(good, [false, false, false, true, false]);
    let ahead = between(&replies[0].0[TRANSMIT], &replies[3].0[TRANSMIT]);
    assert!((ahead - 1000 * SECOND).abs() < SECOND, "{ahead}");
    assert_ne!(replies[0].0[ORIGIN], replies[1].0[ORIGIN]);

    let server = Server::builder().behave(Behaviour::Unsolicited(2)).nth(2, Behaviour::Silent).start();
    let mut client = Client::new(&server);
    let good: Vec<_> = [client.ask(), client.receive(), client.receive(), client.ask(), client.receive()]
        .iter()
        .map(|reply| reply[ORIGIN] == Client::nonce(1))
        .collect();
    assert_eq!(good, [false, false, true, false, false]);
    assert!(client.silent());
}

#[test]
fn replies_before_the_first_request() {
    let server = Server::good(0);
    let mut client = Client::new(&server);
    server.send_unsolicited(client.socket.local_addr().expect("address"), 2);
    let (early, from) = client.receive_from(PATIENCE).expect("an unasked reply");
    assert_eq!((early.len(), early[0], from), (48, 0x24, server.addr()));
    assert_ne!(client.receive()[ORIGIN], early[ORIGIN]);
    assert_eq!(client.ask()[ORIGIN], Client::nonce(1));
}

#[test]
fn records_what_came_and_ignores_what_is_no_request() {
    let server = Server::good(0);
    let mut client = Client::new(&server);
    for bytes in [&[0x23; 47][..], &[0x24; 48], &[]] {
        client.socket.send_to(bytes, server.addr()).expect("send");
    }
    assert!(client.silent());
    client.ask();
    let requests = server.requests();
    assert_eq!(requests.iter().map(|request| request.bytes.len()).collect::<Vec<_>>(), [47, 48, 0, 48]);
    assert_eq!(requests[3].bytes[TRANSMIT], Client::nonce(1));
    assert_eq!(requests[3].from, client.socket.local_addr().expect("address"));
    assert!(requests[3].at > requests[0].at && requests[3].received > requests[0].received);
}

#[test]
fn other_addresses() {
    let server = Server::builder().bind("127.0.0.3:0").start();
    assert_eq!(server.addr().ip().to_string(), "127.0.0.3");
    assert_eq!(ask(&server)[ORIGIN], Client::nonce(1));
    // Without IPv6 in this network namespace there is nothing to look at.
    if UdpSocket::bind("[::1]:0").is_ok() {
        let server = Server::builder().bind("[::1]:0").offset(SECOND).start();
        assert_eq!(ask(&server)[ORIGIN], Client::nonce(1));
    }
}

#[test]
fn a_closed_port_refuses() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    socket.connect(closed_port("127.0.0.45".parse().expect("address"))).expect("connect");
    socket.set_read_timeout(Some(PATIENCE)).expect("time-out");
    socket.send(&[0x23; 48]).expect("send");
    assert_eq!(socket.recv(&mut [0; 48]).expect_err("refused").kind(), ErrorKind::ConnectionRefused);
}

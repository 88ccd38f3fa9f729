//! The server's clock, delays, start and stop.

use super::*;

#[test]
fn offsets_over_the_full_range() {
    for offset in [0, 250 * MILLISECOND, -MILLISECOND, 3600 * SECOND, 60 * YEAR, -60 * YEAR, 12 * YEAR] {
        let server = Server::good(offset);
        let mut client = Client::new(&server);
        let t1 = unix_now();
        let reply = client.ask();
        let t4 = unix_now();
        // The expected wire value wraps at the era's end, as the received one does.
        let there = between(&reply[RECEIVE], &ntp_bytes(t1 + offset));
        let back = between(&ntp_bytes(t4 + offset), &reply[TRANSMIT]);
        assert!((-1..SECOND).contains(&there), "{offset}: {there}");
        assert!((-1..SECOND).contains(&back), "{offset}: {back}");
    }
}

#[test]
fn offset_can_be_moved_and_shifted() {
    let server = Server::builder().since(3, Behaviour::Shift(7 * SECOND)).nth(2, Behaviour::Shift(-SECOND)).start();
    let mut client = Client::new(&server);
    let mut offsets = vec![];
    for n in 0..5 {
        if n == 4 {
            server.set_offset(100 * SECOND);
        }
        offsets.push((measure(&mut client).0 + SECOND / 2).div_euclid(SECOND));
    }
    assert_eq!(offsets, [0, -1, 7, 7, 107]);
}

#[test]
fn delays_shift_the_offset_as_a_path_does() {
    let ms = Duration::from_millis;
    // Request delay, processing, reply delay; expected offset and delay (which are exact: only the loopback adds).
    for (there, inside, back, offset, delay) in [(0, 0, 40, -20, 40), (30, 0, 0, 15, 30), (0, 25, 0, 0, 0)] {
        let server = Server::builder().delays(ms(there), ms(back)).behave(Behaviour::Processing(ms(inside))).start();
        let mut client = Client::new(&server);
        let start = Instant::now();
        // The best of a few, since a loaded machine adds delays of its own.
        let best = (0..5).map(|_| measure(&mut client)).min_by_key(|(_, delay)| *delay).expect("five");
        assert!(start.elapsed() >= 5 * ms(there + inside + back));
        let error = (best.0 - offset * MILLISECOND, best.1 - delay * MILLISECOND);
        assert!(error.0.abs() < 10 * MILLISECOND && (0..20 * MILLISECOND).contains(&error.1), "{error:?}");
    }
    let server = Server::builder().behave(Behaviour::Jitter { max: ms(50), seed: 1 }).start();
    let mut client = Client::new(&server);
    let delays: Vec<_> = (0..4).map(|_| measure(&mut client).1 / MILLISECOND).collect();
    assert!(delays.iter().max() > delays.iter().min(), "{delays:?}");
}

#[test]
fn a_late_reply_overtaken_by_the_next() {
    let server = Server::builder().nth(1, Behaviour::ReplyDelay(Duration::from_millis(300))).start();
    let mut client = Client::new(&server);
    client.send();
    assert!(client.silent());
    assert_eq!(client.ask()[ORIGIN], Client::nonce(2));
    let late = client.receive();
    assert_eq!(late[ORIGIN], Client::nonce(1));
    let age = between(&ntp_bytes(unix_now()), &late[TRANSMIT]);
    assert!(age >= 300 * MILLISECOND, "{age}");
}

#[test]
fn stops_when_dropped() {
    // An address of its own, so that no other test takes the port meanwhile.
    let server = Server::builder().bind("127.0.0.44:0").delay(Duration::from_secs(3600)).start();
    let (addr, start) = (server.addr(), Instant::now());
    Client::new(&server).send();
    drop(server);
    assert!(start.elapsed() < PATIENCE);
    let socket = UdpSocket::bind(addr).expect("the port is free again");
    assert_eq!(socket.local_addr().expect("address"), addr);
}

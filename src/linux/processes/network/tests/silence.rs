//! Nothing, too little, too slowly, or no message at all: the run ends in time.

use super::*;

#[test]
fn a_server_without_a_socket_says_nothing() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    let nowhere = "255.255.255.255:9";
    thread::scope(|scope| {
        scope.spawn(move || {
            let end = || Some(Instant::now() + Duration::from_secs(30));
            assert!(matches!(receive::<Order>(&theirs, end()), Ok(Some(Order::Begin { .. }))));
            assert!(
                matches!(receive::<Order>(&theirs, end()), Ok(Some(Order::Ask(servers))) if servers[0].fault.is_some())
            );
            say_and_finish(&theirs, vec![Report::News(vec![news(Interval::ZERO)])], &[contact(nowhere, 1)]);
        });
        let (clock, mut servers) = (SystemClock, &process);
        let now = clock.now();
        let mut dialogue = servers.begin(&pace(), now.raw + Duration::from_secs(20), &now);
        dialogue.ask(nowhere.parse().unwrap(), None, now.raw);
        while let Progressed::Waits(until) = dialogue.proceed(&clock, clock.now().raw) {
            dialogue.wait(&clock, until.saturating_sub(clock.now().raw));
        }
        let error = dialogue.finish(&clock).unwrap_err().to_string();
        assert!(error.contains("a server that was not asked"), "{error}");
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
    });
}

/// Each message's end comes with the first byte of the next one, so that there is always something to read.
#[test]
fn what_drips_keeps_no_run_beyond_its_deadline_for_long() {
    let begun = Instant::now();
    let result = heard(1, |mut stream| {
        let body = br#"{"News":[]}"#;
        let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        frame.extend(body);
        frame.push(0);
        let mut is_heard = stream.write_all(&frame[..1]).is_ok();
        while is_heard && begun.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(700));
            is_heard = stream.write_all(&frame[1..]).is_ok();
        }
    });
    assert!(result.is_err() && begun.elapsed() < Duration::from_secs(20), "{:?} {result:?}", begun.elapsed());
}

#[test]
fn what_is_no_message_is_not_quoted() {
    let error = heard(20, |mut stream| {
        let body = format!("{{\"{}\":1}}", "forged words ".repeat(100_000));
        stream.write_all(&u32::try_from(body.len()).unwrap().to_be_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        thread::sleep(Duration::from_secs(1));
    });
    let error = error.unwrap_err();
    assert!(error.len() < 300 && !error.contains("forged"), "{} {:.300}", error.len(), error);
}

#[test]
fn silence_half_a_message_and_noise_end_a_run_in_time() {
    let texts: [(&[u8], &str); 6] = [
        (b"", "has ended"),
        (&[0, 0], "has ended"),
        (&[0, 0, 0, 9, b'"'], "has ended"),
        (&[255; 64], "too long"),
        (b"\0\0\0\x04NaN!", "cannot be understood"),
        (b"\0\0\0\x1a{\"News\":[{\"server\":1e999}]}", "cannot be understood"),
    ];
    for (bytes, why) in texts {
        let error = heard(60, |mut stream| stream.write_all(bytes).unwrap()).unwrap_err();
        assert!(error.contains(why), "{bytes:?}: {error}");
    }
    // It hangs, and keeps the line; in the second case in the middle of a message.
    for (bytes, why) in [(&b""[..], "does not answer"), (&[0, 0, 0, 9, b'"'], "cannot be understood")] {
        let begun = Instant::now();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let error = heard(60, |mut stream| {
            stream.write_all(bytes).unwrap();
            drop(thread::spawn(move || {
                let _ = wait.recv_timeout(Duration::from_secs(50));
                drop(stream);
            }));
        });
        drop(done);
        let error = error.unwrap_err();
        assert!(error.contains(why) && begun.elapsed() < Duration::from_secs(40), "{error}");
    }
}

//! Key exchanges, and the questions about certificates that come with them.

use super::*;

/// A dialogue without a server, to its end.
fn measured(process: &NetworkProcess, exchange: Option<SocketAddr>) -> Result<(), String> {
    let (clock, mut servers) = (SystemClock, process);
    let now = clock.now();
    let mut dialogue = servers.begin(&pace(), now.raw + Duration::from_millis(300), &now);
    if let Some(address) = exchange {
        let order = KeyOrder {
            number: 7,
            name: "a.example".to_owned(),
            trust: 0,
            address,
            at: now.real,
            floor: None,
            deadline: now.raw + Duration::from_millis(200),
        };
        dialogue.exchange_keys(order, now.raw).unwrap();
    }
    while let Progressed::Waits(until) = dialogue.proceed(&clock, clock.now().raw) {
        dialogue.wait(&clock, until.saturating_sub(clock.now().raw));
    }
    dialogue.finish(&clock).map(drop).map_err(|error| error.to_string())
}

#[test]
fn a_key_exchange_that_was_left_open_does_no_harm_to_the_next_measurement() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    thread::scope(|scope| {
        scope.spawn(move || {
            let end = || Some(Instant::now() + Duration::from_secs(30));
            let mut begun = 0;
            let late = || Report::Established(vec![Established { number: 7, result: Err(KeyFailure::NotTls) }]);
            while let Ok(Some(order)) = receive::<Order>(&theirs, end()) {
                let report = match order {
                    Order::Begin { .. } => {
                        begun += 1;
                        // Once it is late, and once it is told of for the second time.
                        if begun == 1 { continue } else { late() }
                    }
                    Order::ExchangeKeys(_) => {
                        crate::linux::ffi::receive_descriptors(theirs.as_fd()).unwrap();
                        continue;
                    }
                    Order::Finish => Report::Finished(Vec::new()),
                    Order::Answer => Report::Here,
                    _ => continue,
                };
                let _ = send(&theirs, &report, None);
            }
        });
        assert_eq!(measured(&process, Some(address)), Ok(()));
        assert_eq!(measured(&process, None), Ok(()), "late");
        assert!(measured(&process, None).is_err_and(|why| why.contains("that cannot have been")), "twice");
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
    });
}

/// Each message begins before the end of the time that one message has.
#[test]
fn questions_about_chains_are_not_answered_for_ever() {
    let begun = Instant::now();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    thread::scope(|scope| {
        scope.spawn(move || {
            let late = Report::Established(Vec::new());
            while begun.elapsed() < Duration::from_secs(60) && send(&theirs, &late, None).is_ok() {
                thread::sleep(Duration::from_millis(500));
            }
        });
        let error = (&process).check_chains(&[(7, SystemClock.now().real)]).unwrap_err().to_string();
        let took = begun.elapsed();
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
        assert!(error.contains("does not answer") && took < Duration::from_secs(10), "{took:?} {error}");
    });
}

#[test]
fn the_rounds_of_questions_about_chains_end_together() {
    let begun = Instant::now();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    thread::scope(|scope| {
        scope.spawn(move || {
            while let Ok(Some(Order::CheckChains(_))) = receive::<Order>(&theirs, None) {
                thread::sleep(Duration::from_millis(1500));
                let _ = send(&theirs, &Report::Checked(vec![Err(KeyFailure::NotTls)]), None);
            }
        });
        let mut servers = &process;
        let rounds = (0..8).take_while(|_| servers.check_chains(&[(7, SystemClock.now().real)]).is_ok()).count();
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
        assert!((2..6).contains(&rounds) && begun.elapsed() < Duration::from_secs(15), "{rounds}");
    });
}

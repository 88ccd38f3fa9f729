//! What the guests of other machines and their host have besides Debian's programs, made by the compiler alone:
//! `serve SECONDS` is an NTP server, on port 123 of 127.0.0.1, whose clock is this machine's and so many seconds more;
//! `offset ADDRESS` asks such a server once, and prints its clock less this machine's; `time` prints this machine's clock; `rtc` the
//! RTC's time at its next tick, as the kernel reads it, less this machine's clock.
#![allow(dead_code, reason = "an answer has more to it than the time")]

use std::error::Error;
use std::net::UdpSocket;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[path = "../support/query.rs"]
mod query;

/// Seconds from the NTP era's start (1900) to the Unix epoch.
const ERA_TO_UNIX: f64 = 2_208_988_800.0;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", seconds] => serve(seconds.parse()?),
        ["offset", address] => {
            let socket = UdpSocket::bind("0.0.0.0:0")?;
            let reply = query::ask(&socket, format!("{address}:123").parse()?, Duration::from_secs(5))?;
            println!("{:.6}", reply.offset);
            Ok(())
        }
        ["time"] => {
            println!("{:.6}", now()?);
            Ok(())
        }
        ["rtc"] => {
            println!("{:.6}", rtc()?);
            Ok(())
        }
        _ => Err("usage: probe serve SECONDS | probe offset ADDRESS | probe time | probe rtc".into()),
    }
}

fn now() -> Result<f64, Box<dyn Error>> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64())
}

fn rtc() -> Result<f64, Box<dyn Error>> {
    let read = || -> Result<f64, Box<dyn Error>> {
        Ok(std::fs::read_to_string("/sys/class/rtc/rtc0/since_epoch")?.trim().parse()?)
    };
    let (first, begun) = (read()?, Instant::now());
    while begun.elapsed() < Duration::from_secs(5) {
        let chip = read()?;
        if chip != first {
            return Ok(chip - now()?);
        }
    }
    Err("the RTC does not tick".into())
}

/// A server of stratum 1 that says of itself that it is good to a millisecond.
fn serve(ahead: f64) -> Result<(), Box<dyn Error>> {
    let socket = UdpSocket::bind("127.0.0.1:123")?;
    loop {
        let mut packet = [0; 512];
        let (size, client) = socket.recv_from(&mut packet)?;
        let received = stamp(ahead)?;
        // A client's request, and nothing else.
        if size < 48 || packet[0] & 7 != 3 {
            continue;
        }
        let mut reply = [0; 48];
        reply[..4].copy_from_slice(&[4 << 3 | 4, 1, packet[2], 0xf6]);
        reply[8..12].copy_from_slice(&[0, 0, 0, 64]);
        reply[12..16].copy_from_slice(b"TEST");
        reply[16..24].copy_from_slice(&received);
        reply[24..32].copy_from_slice(&packet[40..48]);
        reply[32..40].copy_from_slice(&received);
        reply[40..48].copy_from_slice(&stamp(ahead)?);
        socket.send_to(&reply, client)?;
    }
}

/// The server's time in 32.32 fixed point, wrapped to an era.
fn stamp(ahead: f64) -> Result<[u8; 8], Box<dyn Error>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let seconds = (since.as_secs() as f64 + ERA_TO_UNIX + ahead) as u64;
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    Ok((seconds << 32 | fraction).to_be_bytes())
}

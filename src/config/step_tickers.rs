//! /etc/ntp/step-tickers, as Red Hat's ntpdate service reads it, and lists of a user's own: one server on a line, up to a `#`.

use super::lines::numbered;
use super::{Parsed, Server, ntp};

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in numbered(text) {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(word) = words.next() else { continue };
        let other = words.next();
        if other.is_some() && ntp::DIRECTIVES.contains(&word) {
            // A machine may well be called so, and be asked.
            parsed.fault(number, format!("\"{word}\" is a directive of ntp.conf, and no server"));
            continue;
        }
        parsed.server(number, Server::parse(word));
        if let Some(other) = other {
            parsed.fault(number, format!("\"{}\": one server on a line, and the first counts", other.escape_default()));
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_on_a_line() {
        let parsed = parse(
            "# List of NTP servers used by the ntpdate service.\n\n0.rhel.pool.ntp.org\n a.example b.example # c\n\
             192.0.2.300/x\n4\n2001:db8::1# d\nserver ntp.example\n",
        );
        let hosts: Vec<&str> = parsed.servers().map(|server| server.host.as_str()).collect();
        assert_eq!(hosts, ["0.rhel.pool.ntp.org", "a.example", "2001:db8::1"]);
        let faults: Vec<(usize, &str)> = parsed.faults.iter().map(|fault| (fault.line, &*fault.text)).collect();
        assert_eq!(
            faults,
            [
                (4, "\"b.example\": one server on a line, and the first counts"),
                (5, "\"192.0.2.300/x\" is no server name or address"),
                (6, "\"4\" is no server name or address"),
                (8, "\"server\" is a directive of ntp.conf, and no server"),
            ]
        );
    }
}

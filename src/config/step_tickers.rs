//! /etc/ntp/step-tickers, as Red Hat's ntpdate service reads it: words up to a `#`.

use super::{Parsed, Server, numbered};

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in numbered(text) {
        for word in line.split('#').next().unwrap_or_default().split_whitespace() {
            parsed.server(number, Server::parse(word));
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_several_on_a_line() {
        let parsed = parse(
            "# List of NTP servers used by the ntpdate service.\n\n0.rhel.pool.ntp.org\na.example b.example # c\n192.0.2.300/x\n",
        );
        let hosts: Vec<&str> = parsed.servers().map(|server| server.host.as_str()).collect();
        assert_eq!(hosts, ["0.rhel.pool.ntp.org", "a.example", "b.example"]);
        assert_eq!(parsed.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [5]);
    }
}

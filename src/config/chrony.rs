//! chrony.conf and .sources files (chrony.conf(5)).

mod known;

use super::lines::numbered;
use super::server::parse_port;
use super::{Authorities, Include, Item, NtsWish, Parsed, ProofWish, Server, words};
use crate::net::phc::PREFIX;

pub(super) use known::DIRECTIVES;

/// A line that begins with one of these is a comment.
const COMMENT: [char; 4] = ['!', ';', '#', '%'];

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in numbered(text) {
        let line = line.trim();
        if line.starts_with(COMMENT) {
            continue;
        }
        let mut words = line.split_whitespace();
        let Some(directive) = words.next() else { continue };
        // Directives may be in either case.
        let directive = directive.to_ascii_lowercase();
        let words: Vec<&str> = words.collect();
        let directories = || words.iter().map(|word| (*word).to_owned()).collect();
        match directive.as_str() {
            "server" | "pool" | "peer" => server(&mut parsed, number, &words),
            // Behind the threshold stand those that the clock is first set by.
            "initstepslew" => words.iter().skip(1).for_each(|word| parsed.server(number, Server::parse(word))),
            "refclock" => clock(&mut parsed, number, &words),
            "keyfile" => parsed.key_file(number, "keyfile", words.first().copied()),
            "minsources" => parsed.min_servers(number, "minsources", words.first().copied()),
            "ntstrustedcerts" => trusted(&mut parsed, number, &words),
            "nosystemcert" => parsed.items.push(Item::NoSystemAuthorities),
            "authselectmode" => {
                let is_required = words.first().is_some_and(|mode| mode.eq_ignore_ascii_case("require"));
                parsed.items.push(Item::OnlyProven(is_required.then_some(number)));
            }
            "include" | "confdir" | "sourcedir" if words.is_empty() => {
                parsed.fault(number, format!("{directive} needs a path"));
            }
            "include" => parsed.items.push(Item::Include(Include::Files(words[0].to_owned()))),
            "confdir" => parsed.items.push(Item::Include(Include::Directories(directories(), ".conf"))),
            "sourcedir" => parsed.items.push(Item::Include(Include::Directories(directories(), ".sources"))),
            _ if DIRECTIVES.contains(&directive.as_str()) => {}
            _ => parsed.unknown(number, &directive, "directive of chrony.conf", DIRECTIVES),
        }
    }
    parsed
}

/// Adds the server of a line, unless it is not to be asked.
fn server(parsed: &mut Parsed, line: usize, words: &[&str]) {
    let [host, words @ ..] = words else { return parsed.fault(line, "the server's name is missing") };
    let options = words::options(words, known::SERVER_OPTIONS);
    if options.has("noselect") {
        return;
    }
    let port = options.value("port").map(parse_port).transpose();
    let server = Server::parse(host).and_then(|server| Ok(Server { port: port?.or(server.port), ..server }));
    let proof = match options.proof() {
        Some(ProofWish::Nts(_)) => match wish(&options) {
            Ok(wish) => Some(ProofWish::Nts(wish)),
            Err(text) => return parsed.fault(line, text),
        },
        other => other,
    };
    parsed.server(line, server.map(|server| Server { proof, ..server }));
    parsed.unknown_options(line, &options);
}

/// The options of the key exchange.
fn wish(options: &words::Options<'_>) -> Result<NtsWish, String> {
    let set = options.value("certset").map(|set| set.parse().map_err(|_| "certset needs a number".to_owned()));
    Ok(NtsWish {
        port: options.value("ntsport").map(parse_port).transpose()?,
        authorities: set.transpose()?.map_or(Authorities::Usual, Authorities::Set),
    })
}

/// `ntstrustedcerts [SET] FILE`.
fn trusted(parsed: &mut Parsed, line: usize, words: &[&str]) {
    match words {
        [path] => parsed.items.push(Item::Authorities(0, (*path).to_owned())),
        [set, path] if set.parse::<u32>().is_ok() => {
            parsed.items.push(Item::Authorities(set.parse().unwrap_or_default(), (*path).to_owned()));
        }
        [] => parsed.fault(line, "ntstrustedcerts needs a path"),
        [set, ..] => parsed.fault(line, format!("\"{}\" is no number of a set", set.escape_default())),
    }
}

/// Adds a hardware clock of this machine; other reference clocks send pulses or use shared memory, and are for daemons.
fn clock(parsed: &mut Parsed, line: usize, words: &[&str]) {
    let [driver, device, words @ ..] = words else { return };
    if !driver.eq_ignore_ascii_case("PHC") {
        return;
    }
    let options = words::options(words, known::REFCLOCK_OPTIONS);
    if options.has("noselect") || options.has("local") {
        return;
    }
    let server = clock_word(device, options.has("tai"), options.value("offset"));
    parsed.server(line, server.map(|host| Server { host, port: None, proof: None }));
    parsed.unknown_options(line, &options);
}

/// The word for a clock whose time, with `offset` added, is TAI or UTC. `nocrossts` chooses among ways to read it.
fn clock_word(device: &str, is_tai: bool, offset: Option<&str>) -> Result<String, String> {
    let path = device.strip_suffix(":nocrossts").unwrap_or(device);
    let shown = device.escape_default();
    if !path.starts_with('/') || path.contains(':') || !path.chars().all(|c| c.is_ascii_graphic()) {
        return Err(format!("the clock \"{shown}\" cannot be read: it is to be a device file, such as /dev/ptp0"));
    }
    let kept = if is_tai { "tai" } else { "utc" };
    let scale = match offset.map_or(Ok(0.0), str::parse::<f64>) {
        Ok(0.0) => kept.to_owned(),
        // What is added to the clock's time is what the clock lacks.
        Ok(offset) if !is_tai && offset.abs() <= 86_400.0 => (-offset).to_string(),
        _ => return Err(format!("the offset of the clock \"{shown}\" cannot be used")),
    };
    Ok(format!("{PREFIX}{path}@{scale}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_with_ports_in_either_case_and_four_kinds_of_comments() {
        let parsed = parse(
            "! one\n; two\n # three\n% four\n\
             server ntp1.example iburst minpoll 4\n\
             POOL 2.rhel.pool.ntp.org iburst maxsources 3\n\
             server 2001:db8::5 port 1123\n\
             peer foo.example key 12\n\
             server nts.example nts iburst\n\
             server seen.example noselect\n\
             makestep 1.0 3\nrtcsync\n",
        );
        assert_eq!(parsed.faults, []);
        let found: Vec<_> = parsed.servers().map(|s| (s.host.as_str(), s.port, s.proof.clone())).collect();
        assert_eq!(
            found,
            [
                ("ntp1.example", None, None),
                ("2.rhel.pool.ntp.org", None, None),
                ("2001:db8::5", Some(1123), None),
                ("foo.example", None, Some(ProofWish::Key(12.try_into().ok()))),
                ("nts.example", None, Some(ProofWish::Nts(NtsWish::default()))),
            ]
        );
    }

    #[test]
    fn key_exchanges_and_whom_they_trust() {
        let parsed = parse(
            "server a.example nts ntsport 4461 certset 2 iburst\nntstrustedcerts /etc/a.pem\nntstrustedcerts 2 /etc/b\n\
             NoSystemCert\nserver b.example nts ntsport x\nserver c.example nts certset y\nntstrustedcerts\nntstrustedcerts z /etc/c\n",
        );
        let wish = NtsWish { port: Some(4461), authorities: Authorities::Set(2) };
        assert_eq!(
            parsed.servers().map(|server| server.proof.clone()).collect::<Vec<_>>(),
            [Some(ProofWish::Nts(wish))]
        );
        let authorities = |set, path: &str| Item::Authorities(set, path.to_owned());
        assert_eq!(
            parsed.items[1..],
            [authorities(0, "/etc/a.pem"), authorities(2, "/etc/b"), Item::NoSystemAuthorities]
        );
        assert_eq!(parsed.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [5, 6, 7, 8]);
    }

    #[test]
    fn hardware_clocks_are_servers_and_other_reference_clocks_are_not() {
        let parsed = parse(
            "refclock PHC /dev/ptp0 poll 3 dpoll -2 offset 0 stratum 2\n\
             refclock phc /dev/ptp_kvm\n\
             refclock PHC /dev/ptp1:nocrossts tai\n\
             refclock PHC /dev/ptp2 offset -37\n\
             refclock PHC /dev/ptp3 noselect\n\
             refclock PPS /dev/pps0 lock NMEA\nrefclock SHM 0\nrefclock SOCK /run/x.sock\nrefclock\n",
        );
        assert_eq!(parsed.faults, []);
        let found: Vec<_> = parsed.servers().map(|server| server.host.as_str()).collect();
        assert_eq!(found, ["phc:/dev/ptp0@utc", "phc:/dev/ptp_kvm@utc", "phc:/dev/ptp1@tai", "phc:/dev/ptp2@37"]);
        for host in found {
            assert!(crate::net::phc::word::parse(host).is_ok(), "{host}");
        }
        let broken = parse("refclock PHC ptp0\nrefclock PHC /dev/ptp0:extpps\nrefclock PHC /dev/ptp0 offset x\n");
        assert_eq!(broken.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn directories_and_files_to_include() {
        let parsed =
            parse("confdir /etc/chrony/conf.d /usr/lib/chrony\nsourcedir /run/chrony-dhcp\ninclude /etc/c/*.conf\n");
        assert_eq!(
            parsed.items,
            [
                Item::Include(Include::Directories(
                    vec!["/etc/chrony/conf.d".into(), "/usr/lib/chrony".into()],
                    ".conf"
                )),
                Item::Include(Include::Directories(vec!["/run/chrony-dhcp".into()], ".sources")),
                Item::Include(Include::Files("/etc/c/*.conf".into())),
            ]
        );
    }

    #[test]
    fn sources_that_have_to_agree() {
        let parsed = parse("minsources 2\nserver a.example\nMinSources 3\nminsources 0\nminsources\nminsources two\n");
        let numbers: Vec<&Item> = parsed.items.iter().filter(|item| matches!(item, Item::MinServers(_))).collect();
        assert_eq!(numbers, [&Item::MinServers(2), &Item::MinServers(3), &Item::MinServers(1)]);
        assert_eq!(parsed.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [5, 6]);
    }

    #[test]
    fn broken_lines_are_named_and_the_others_count() {
        let parsed = parse("server\nserver a port x\nserver b\nconfdir\npool\n");
        assert_eq!(parsed.servers().map(|s| s.host.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(parsed.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [1, 2, 4, 5]);
    }
}

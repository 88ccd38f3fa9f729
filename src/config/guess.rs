//! The form of a file that the user names: by what it is called, else by what is in it.

use super::server::Server;
use super::{Form, chrony, ntp, sysconfig, words};

/// Fails where it is no form that is known, with what it looks like.
pub fn guess_form(path: &str, text: &str) -> Result<Form, &'static str> {
    match by_nature(text) {
        Some(looks_like) => Err(looks_like),
        None => by_name(path, text).map_or_else(|| by_text(text), Ok),
    }
}

/// What is no text of a configuration, whatever it is called.
fn by_nature(text: &str) -> Option<&'static str> {
    let start = text.trim_start();
    if text.starts_with("\u{7f}ELF") {
        Some("a program")
    } else if text.contains('\0') {
        Some("binary data")
    } else if text.starts_with("#!") {
        Some("a script")
    } else if start.starts_with("-----BEGIN ") {
        Some("a key or a certificate")
    } else if start.starts_with("<?xml") || start.starts_with("<!") || start.starts_with("<html") {
        Some("XML or HTML")
    } else {
        None
    }
}

fn by_name(path: &str, text: &str) -> Option<Form> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_in = |folder: &str| path.contains(folder);
    if name.ends_with(".toml") {
        // Other programs have such files too.
        (name == "ntp.toml").then_some(Form::NtpdRs)
    } else if is_in("/etc/conf.d/") || is_in("/sysconfig/") {
        Some(if has_variable(text, |name| name == "NTPDATE_USE_NTP_CONF") {
            Form::NtpdateDefaults
        } else {
            Form::Sysconfig
        })
    } else if is_in("/etc/default/") {
        Some(if name.contains("ntpdate") { Form::NtpdateDefaults } else { Form::Sysconfig })
    } else if is_in("/etc/config/") {
        Some(Form::Uci)
    } else if name.ends_with(".network") || is_in(".network.d/") {
        Some(Form::Network)
    } else if name == "timemaster.conf" {
        Some(Form::Timemaster)
    } else if name.contains("timesyncd") || is_in("/timesyncd.conf.d/") {
        Some(Form::Timesyncd)
    } else if name.contains("chrony") || name.ends_with(".sources") || is_in("/chrony/") {
        Some(Form::Chrony)
    } else if name.contains("step-tickers") {
        Some(Form::StepTickers)
    } else if name.contains("dhclient") && name.contains("lease") {
        Some(Form::DhclientLeases)
    } else if name == "ntpd.conf" {
        Some(Form::OpenNtpd)
    } else {
        (name == "ntp.conf" || name.contains("ntp.conf.")).then_some(Form::Ntp)
    }
}

fn by_text(text: &str) -> Result<Form, &'static str> {
    let lines =
        || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';', '!', '%']));
    let any = |start: &str| lines().any(|line| line.starts_with(start));
    let is_pair = |line: &str| line.split_once('=').is_some_and(|(name, _)| !name.trim().contains(char::is_whitespace));
    if text.trim_start().starts_with('{') && text.contains('"') {
        Err("JSON")
    } else if any("[[source]]") || any("[synchronization]") || is_nearly_toml(&lines().collect::<Vec<_>>()) {
        Ok(Form::NtpdRs)
    } else if any("[ntp_server ") || any("[timemaster]") {
        Ok(Form::Timemaster)
    } else if any("[Time]") {
        Ok(Form::Timesyncd)
    } else if any("[Network]") {
        Ok(Form::Network)
    } else if any("[") && lines().any(is_pair) {
        Err("sections with settings of something else")
    } else if any("lease {") || any("lease6 {") || any("option ntp-servers") {
        Ok(Form::DhclientLeases)
    } else if has_variable(text, |name| matches!(name, "NTPSERVERS" | "NTPDATE_USE_NTP_CONF")) {
        Ok(Form::NtpdateDefaults)
    } else if any("NTP=") {
        Ok(Form::NetworkdLease)
    } else if has_variable(text, sysconfig::is_known) {
        Ok(Form::Sysconfig)
    } else if any("config ") && (any("option ") || any("list ")) {
        Ok(Form::Uci)
    } else if lines().next().is_some() && lines().all(is_pair) {
        Err("variables, none of which is known to name servers")
    } else {
        by_directives(&lines().collect::<Vec<_>>())
    }
}

/// Whether a variable of the shell is set whose name is one of those.
fn has_variable(text: &str, is_one: impl Fn(&str) -> bool) -> bool {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches("export ").trim_start());
    lines.filter_map(|line| line.split_once('=')).any(|(name, _)| is_one(name))
}

/// The lines of daemons, or those of a list.
fn by_directives(lines: &[&str]) -> Result<Form, &'static str> {
    let firsts = || lines.iter().filter_map(|line| line.split_whitespace().next());
    let count = |known: &[&str]| firsts().filter(|word| known.contains(&word.to_ascii_lowercase().as_str())).count();
    let (of_ntp, of_chrony) = (count(ntp::DIRECTIVES), count(chrony::DIRECTIVES));
    let misspelt = || lines.iter().filter(|line| line.contains(' ')).filter_map(|line| line.split_whitespace().next());
    let misspelt =
        misspelt().filter(|word| words::meant(word, &["server", "servers", "pool", "peer"]).is_some()).count();
    let is_most = |count: usize| count > 0 && 2 * (count + misspelt) >= lines.len();
    if 2 * lines.iter().filter(|line| is_yaml(line)).count() > lines.len() {
        Err("YAML")
    } else if of_chrony > of_ntp && is_most(of_chrony) {
        Ok(Form::Chrony)
    } else if is_most(of_ntp.max(misspelt)) {
        let is_open = count(&["constraint", "constraints", "sensor"]) > 0
            || lines.iter().any(|line| line.starts_with("listen on"));
        Ok(if is_open { Form::OpenNtpd } else { Form::Ntp })
    } else if is_list(lines) {
        Ok(Form::StepTickers)
    } else if lines.is_empty() {
        Err("an empty file")
    } else {
        Err("other text")
    }
}

/// A section that can be meant for ntpd-rs's `[[source]]`, whatever is wrong with it, and what stands in one.
fn is_nearly_toml(lines: &[&str]) -> bool {
    let is_source = |line: &&str| {
        let name = line.trim_matches(|c: char| matches!(c, '[' | ']' | '"') || c.is_whitespace());
        line.starts_with('[') && words::meant(name, &["source", "sources"]).is_some()
    };
    let is_setting =
        |line: &&str| line.split_once('=').is_some_and(|(name, _)| matches!(name.trim(), "mode" | "address"));
    lines.iter().any(is_source) && lines.iter().any(is_setting)
}

/// A name with a colon behind it, an item, or what divides documents.
fn is_yaml(line: &str) -> bool {
    let is_name = |name: &str| !name.contains(|c: char| c.is_whitespace() || c == ':');
    let is_member =
        line.split_once(": ").is_some_and(|(name, _)| is_name(name)) || line.strip_suffix(':').is_some_and(is_name);
    is_member || line.starts_with("- ") || line == "---"
}

/// Whether most lines are certainly hosts: other files have one word on a line too.
fn is_list(lines: &[&str]) -> bool {
    let content = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
    let is_certain = |line: &&&str| {
        let host = content(line);
        host.contains(['.', ':']) && Server::parse(&host).is_ok()
    };
    2 * lines.iter().filter(is_certain).count() > lines.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_name() {
        for (path, form) in [
            ("/etc/chrony.conf", Form::Chrony),
            ("/etc/chrony/conf.d/x.conf", Form::Chrony),
            ("/run/chrony-dhcp/eth0.sources", Form::Chrony),
            ("/etc/systemd/timesyncd.conf", Form::Timesyncd),
            ("/etc/systemd/timesyncd.conf.d/10.conf", Form::Timesyncd),
            ("/etc/ntpsec/ntp.conf", Form::Ntp),
            ("/run/ntpsec/ntp.conf.dhcp", Form::Ntp),
            ("/etc/openntpd/ntpd.conf", Form::OpenNtpd),
            ("/etc/ntpd-rs/ntp.toml", Form::NtpdRs),
            ("/etc/linuxptp/timemaster.conf", Form::Timemaster),
            ("/etc/default/ntpsec-ntpdate", Form::NtpdateDefaults),
            ("/etc/default/chrony", Form::Sysconfig),
            ("/etc/sysconfig/ntpdate", Form::Sysconfig),
            ("/etc/conf.d/ntp-client", Form::Sysconfig),
            ("/etc/systemd/network/10-lan.network", Form::Network),
            ("/etc/config/system", Form::Uci),
            ("/var/lib/dhcp/dhclient6.eth0.leases", Form::DhclientLeases),
            ("/etc/ntp/step-tickers", Form::StepTickers),
        ] {
            assert_eq!(guess_form(path, "server a"), Ok(form), "{path}");
        }
    }

    #[test]
    fn by_content() {
        for (text, form) in [
            ("# x\n  pool a.example\n", Form::Ntp),
            ("sevrer a.example\n", Form::Ntp),
            ("pool a.example\nmakestep 1 3\n", Form::Chrony),
            ("servers a.example\nsensor *\n", Form::OpenNtpd),
            ("[Time]\nNTP=a\n", Form::Timesyncd),
            ("[Match]\nName=eth0\n[Network]\nNTP=a.example\n", Form::Network),
            ("[[source]]\nmode = \"server\"\n", Form::NtpdRs),
            ("[[source]\nmode = \"server\"\naddress = \"a.example\"\n", Form::NtpdRs),
            ("[source]\nmode = \"server\"\n", Form::NtpdRs),
            ("[[sources]]\nadress = \"a.example\"\nmode = \"pool\"\n", Form::NtpdRs),
            ("[[sorce]]\naddress = \"a.example\"\n", Form::NtpdRs),
            ("[ntp_server a.example]\n", Form::Timemaster),
            ("export NTPSERVERS=\"a b\"\n", Form::NtpdateDefaults),
            ("NTPCLIENT_OPTS=\"-b a.example\"\n", Form::Sysconfig),
            ("config timeserver 'ntp'\n\tlist server a\n", Form::Uci),
            ("lease {\n}\n", Form::DhclientLeases),
            ("default-duid \"x\";\nlease6 {\n}\n", Form::DhclientLeases),
            ("ADDRESS=192.0.2.1\nNTP=192.0.2.2\n", Form::NetworkdLease),
            ("a.example\nb.example # c\n4\n", Form::StepTickers),
            ("ntp1.example\nntp2\nntp3.example\n", Form::StepTickers),
        ] {
            assert_eq!(guess_form("a", text), Ok(form), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_what_it_looks_like() {
        for (path, text, looks_like) in [
            ("/bin/ls", "\u{7f}ELF\u{2}\u{1}", "a program"),
            ("/etc/chrony.conf", "server a\0b", "binary data"),
            ("run", "#!/bin/sh\nntpdate a.example\n", "a script"),
            ("key.pem", "-----BEGIN CERTIFICATE-----\nMII\n", "a key or a certificate"),
            ("a", "<?xml version=\"1.0\"?>\n", "XML or HTML"),
            ("a", "{\n  \"ntp\": [\"a.example\"]\n}\n", "JSON"),
            ("a.ini", "[main]\nplugins=keyfile\n", "sections with settings of something else"),
            ("Cargo.toml", "[package]\nname = \"x\"\n", "sections with settings of something else"),
            ("os-release", "NAME=\"Debian\"\nID=debian\n", "variables, none of which is known to name servers"),
            ("passwd", "root:x:0:0:root:/root:/bin/bash\n", "other text"),
            ("shadow", "root:*:19000:0:99999:7:::\nntp:!:19000::::::\n", "other text"),
            ("letter", "Dear reader,\nthe server is down since 4\nand ntp too.\n", "other text"),
            ("number", "4\n", "other text"),
            ("hosts", "127.0.0.1 localhost\n192.0.2.1 ntp.example ntp\n", "other text"),
            ("filesystems", "ext4\next3\nvfat\n", "other text"),
            ("resolv.conf", "nameserver 192.0.2.53\nsearch example\n", "other text"),
            ("compose", "services:\n  ntp:\n    image: x\n    ports:\n      - 123:123/udp\n", "YAML"),
            ("cloud.cfg", "---\nntp:\n  enabled: true\n  servers: [a.example]\n", "YAML"),
            ("empty", "# nothing\n", "an empty file"),
        ] {
            assert_eq!(guess_form(path, text), Err(looks_like), "{path}");
        }
    }
}

//! A command line that cannot be parsed, and is answered all the same as whoever typed it wants to be told.

use std::ffi::OsString;

use super::rntpdate::RntpdateCli;

/// Letters that may be bundled, as none of them takes a value.
const FLAGS: &str = "46bBdqsuvw";

impl RntpdateCli {
    /// What can be seen of a command line that cannot be parsed: how whoever typed it wants to be told. Bundled letters are
    /// looked at up to the first that is no plain flag.
    pub fn visible(words: &[OsString]) -> RntpdateCli {
        let mut cli = RntpdateCli::default();
        let (mut is_metrics, mut has_no_metrics) = (false, false);
        let words = words.iter().filter_map(|word| word.to_str()).take_while(|word| *word != "--");
        for word in words {
            let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-')).unwrap_or_default();
            let has = |letter| letters.chars().take_while(|one| FLAGS.contains(*one)).any(|one| one == letter);
            cli.json |= word == "--json";
            cli.syslog |= word == "--syslog" || has('s');
            cli.query |= word == "--query" || has('q');
            cli.debug |= word == "--debug" || has('d');
            // Neither sets anything, nor leaves metrics.
            let only_looks = ["--peers", "--doctor", "--self-test", "--history-show"].contains(&word);
            cli.query |= only_looks;
            has_no_metrics |= only_looks;
            cli.metrics = match (word.strip_prefix("--metrics"), is_metrics) {
                (_, true) => Some(word.into()),
                (Some(rest), _) if rest.starts_with('=') => Some(rest[1..].into()),
                _ => cli.metrics,
            };
            is_metrics = word == "--metrics";
        }
        cli.metrics = cli.metrics.filter(|_| !has_no_metrics);
        cli
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn what_can_be_seen_of_a_wrong_command_line() {
        let seen = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let cli = RntpdateCli::visible(&words);
            [cli.json, cli.syslog, cli.query, cli.debug]
        };
        assert_eq!(seen("--json --typo x"), [true, false, false, false]);
        assert_eq!(seen("-qvs --typo"), [false, true, true, false]);
        assert_eq!(seen("-bd --json=1"), [false, false, false, true]);
        assert_eq!(seen("-kdqs -ud -Zq -- --json -q"), [false, false, false, true], "of -k's value nothing is taken");
        assert_eq!(seen("--query --syslog"), [false, true, true, false]);
        assert_eq!(seen("--peers --json"), [true, false, true, false]);
    }

    #[test]
    fn the_file_for_metrics_can_be_seen() {
        let metrics = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            RntpdateCli::visible(&words).metrics
        };
        for (line, file) in [
            ("--metrics m.prom --querry", Some("m.prom")),
            ("--querry --metrics=m.prom", Some("m.prom")),
            ("--metrics a.prom --metrics b.prom", Some("b.prom")),
            ("--metrics-file m.prom", None),
            ("--querry --metrics", None),
            ("-- --metrics m.prom", None),
            ("--peers --metrics m.prom", None),
        ] {
            assert_eq!(metrics(line), file.map(PathBuf::from), "{line}");
        }
    }
}

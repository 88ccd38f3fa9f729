//! Command lines of the usual kind, read word by word: servers, and options that all go with each other.
//!
//! The parser makes a description of every option that there is, with its help, before it looks at the first word, and asks the
//! matches for each one afterwards: half of what a query computes. It is still what reads all other command lines, and
//! all that are wrong. The tests compare the two.

use std::ffi::OsString;
use std::path::PathBuf;

use super::rntpdate::RntpdateCli;

/// Where an option's value goes.
enum Place {
    Flag(fn(&mut RntpdateCli) -> &mut bool),
    Text(fn(&mut RntpdateCli) -> &mut Option<String>),
    File(fn(&mut RntpdateCli) -> &mut Option<PathBuf>),
}

/// Options that need nothing to be checked but their form: the letter, if there is one, the name, and the place. Of those that
/// undo each other one is here at the most.
const OPTIONS: &[(&str, &str, Place)] = &[
    ("-q", "query", Place::Flag(|cli| &mut cli.query)),
    ("-b", "step", Place::Flag(|cli| &mut cli.always_step)),
    ("-w", "systohc", Place::Flag(|cli| &mut cli.systohc)),
    ("-4", "ipv4", Place::Flag(|cli| &mut cli.ipv4)),
    ("-s", "syslog", Place::Flag(|cli| &mut cli.syslog)),
    ("-v", "verbose", Place::Flag(|cli| &mut cli.verbose)),
    ("", "quiet", Place::Flag(|cli| &mut cli.quiet)),
    ("", "json", Place::Flag(|cli| &mut cli.json)),
    ("", "nts", Place::Flag(|cli| &mut cli.nts)),
    ("", "mark-synced", Place::Flag(|cli| &mut cli.mark_synced)),
    ("-p", "samples", Place::Text(|cli| &mut cli.samples)),
    ("-t", "timeout", Place::Text(|cli| &mut cli.timeout)),
    ("-U", "user", Place::Text(|cli| &mut cli.user)),
    ("", "port", Place::Text(|cli| &mut cli.port)),
    ("", "deadline", Place::Text(|cli| &mut cli.deadline)),
    ("", "accuracy", Place::Text(|cli| &mut cli.accuracy)),
    ("", "min-servers", Place::Text(|cli| &mut cli.min_servers)),
    ("", "max-step", Place::Text(|cli| &mut cli.max_step)),
    ("", "max-first-step", Place::Text(|cli| &mut cli.max_first_step)),
    ("", "wait", Place::Text(|cli| &mut cli.wait)),
    ("", "splay", Place::Text(|cli| &mut cli.splay)),
    ("", "nts-ca", Place::File(|cli| &mut cli.nts_ca)),
    ("", "nts-dir", Place::File(|cli| &mut cli.nts_dir)),
    ("", "state-dir", Place::File(|cli| &mut cli.state_dir)),
];

impl RntpdateCli {
    /// Reads a command line that has nothing in it but servers and these options, each by itself; nothing where a word is
    /// anything else, or may be meant otherwise.
    pub(super) fn usual(words: &[OsString]) -> Option<RntpdateCli> {
        let mut cli = RntpdateCli::default();
        let mut words = words.iter().map(|word| word.to_str().filter(|word| !word.is_empty()));
        while let Some(word) = words.next() {
            let word = word?;
            if !word.starts_with('-') {
                cli.servers.push(word.to_owned());
                continue;
            }
            let (option, joined) = word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
            let name = option.strip_prefix("--");
            let is_meant = |(letter, long, _): &&(&str, &str, Place)| match name {
                Some(name) => *long == name,
                None => *letter == word,
            };
            let (_, _, place) = OPTIONS.iter().find(is_meant)?;
            let mut value =
                || joined.or_else(|| words.next()?).filter(|value| !value.is_empty() && !value.starts_with('-'));
            match place {
                Place::Flag(place) if joined.is_none() => *place(&mut cli) = true,
                Place::Flag(_) => return None,
                Place::Text(place) => *place(&mut cli) = Some(value()?.to_owned()),
                // Of two files one may have been meant, and of two texts the later one is.
                Place::File(place) if place(&mut cli).is_none() => *place(&mut cli) = Some(value()?.into()),
                Place::File(_) => return None,
            }
        }
        // The only two of these that do not go together.
        (!cli.quiet || !cli.query && !cli.verbose).then_some(cli)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::habits::RNTPDATE;
    use super::super::parse_with;
    use super::*;

    /// Values, servers, and words that are for the parser.
    const OTHERS: [&str; 16] = [
        "1",
        "a.example",
        "-1",
        "",
        "-",
        "--",
        "=",
        "--=",
        "-q=1",
        "-qv",
        "-p1",
        "--json=",
        "--port=",
        "--nts-ca=x",
        "-d",
        "--typo",
    ];

    fn parsed(words: &[String]) -> Option<RntpdateCli> {
        parse_with("rntpdate", words.iter().map(OsString::from), RNTPDATE).ok()
    }

    fn usual(words: &[String]) -> Option<RntpdateCli> {
        RntpdateCli::usual(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    /// All ways to write an option.
    fn forms((letter, name, place): &(&str, &str, Place)) -> Vec<Vec<String>> {
        let long = format!("--{name}");
        let short = Some((*letter).to_owned()).filter(|letter| !letter.is_empty());
        let names = short.into_iter().chain([long.clone()]);
        match place {
            Place::Flag(_) => names.map(|name| vec![name]).collect(),
            _ => names.map(|name| vec![name, "7".to_owned()]).chain([vec![format!("{long}=7")]]).collect(),
        }
    }

    #[test]
    fn the_table_is_the_parsers() {
        let command = RntpdateCli::command();
        for (letter, name, place) in OPTIONS {
            let option = command.get_arguments().find(|option| option.get_long() == Some(name)).expect(name);
            assert_eq!(option.get_short(), letter.chars().nth(1), "{name}");
            assert_eq!(option.get_action().takes_values(), !matches!(place, Place::Flag(_)), "{name}");
        }
    }

    #[test]
    fn every_form_of_every_two_options_is_read_as_the_parser_reads_it() {
        for one in OPTIONS {
            for other in OPTIONS {
                let first = forms(one)
                    .into_iter()
                    .flat_map(|form| forms(other).into_iter().map(move |other| (form.clone(), other)));
                // All forms of an option by itself; of two, how they go together.
                let most = if one.1 == other.1 { usize::MAX } else { 1 };
                for (form, last) in first.take(most) {
                    let words = [&form[..], &["a.example".to_owned()], &last[..], &["b.example".to_owned()]].concat();
                    let is_twice = one.1 == other.1 && matches!(one.2, Place::File(_));
                    assert_eq!(usual(&words), parsed(&words).filter(|_| !is_twice), "{words:?}");
                }
            }
        }
        assert_eq!(usual(&[]), parsed(&[]));
    }

    fn word() -> impl Strategy<Value = String> {
        let options: Vec<String> = OPTIONS.iter().flat_map(forms).map(|form| form[0].clone()).collect();
        select([options, OTHERS.map(str::to_owned).to_vec()].concat())
    }

    proptest! {
        #[test]
        fn what_is_read_the_parser_reads_so(words in prop::collection::vec(word(), 0..6)) {
            if let Some(cli) = usual(&words) {
                prop_assert_eq!(Some(cli), parsed(&words));
            }
        }
    }

    #[test]
    fn all_else_is_the_parsers() {
        for line in [
            "-qv",
            "-p1",
            "-p=1",
            "--quiet -q",
            "--port -1",
            "--port",
            "--port=",
            "--json=1",
            "-d",
            "--",
            "-",
            "--typo",
            "",
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(usual(&words), None, "{line}");
        }
    }
}

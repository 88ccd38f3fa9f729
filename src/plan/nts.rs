//! What the plan says of Network Time Security (RFC 8915).
#![forbid(unsafe_code)]

use std::path::PathBuf;

use super::mode::RunMode;
use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;

/// What stands in front of a server that is asked by NTS.
const PREFIX: &str = "nts:";
/// Where what a run has of its servers' keys and cookies is kept for the next one.
const JAR: &str = "/var/lib/rntpdate/nts";

/// What a server with NTS has to be asked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NtsPlan {
    /// The name, or the address, that its certificate has to be for.
    pub name: String,
    /// The TCP port of its key exchange.
    pub port: u16,
    /// The UDP port for the time, where the user names one and the key exchange does not.
    pub time_port: Option<u16>,
    /// Which of the plan's sets of authorities its certificate has to come from.
    pub trust: usize,
}

/// The authorities that certificates have to come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPlan {
    /// Files with certificates of authorities, or folders of such files.
    pub files: Vec<PathBuf>,
    /// Whether this machine's own authorities count as well.
    pub system: bool,
}

impl TrustPlan {
    /// This machine's own authorities.
    pub const SYSTEM: TrustPlan = TrustPlan { files: Vec::new(), system: true };

    /// A text that is another one where other files are named. What is in the files may change with each update of the system.
    pub fn identity(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| format!("{file:?}")).collect();
        format!("{}{}", if self.system { "system " } else { "" }, files.join(" "))
    }
}

/// What holds for all servers with NTS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NtsRules {
    /// A certificate has to be valid at this machine's time, however wrong that may be.
    pub strict: bool,
    /// One server, whose certificate was checked at the time that it gave itself, is enough to set a clock that was never set.
    pub first_is_enough: bool,
    /// Where keys and cookies are kept for the next run, if anywhere.
    pub jar: Option<PathBuf>,
    /// What is kept is thrown away first.
    pub forget: bool,
    /// The sets of authorities; servers name theirs by its place.
    pub trusts: Vec<TrustPlan>,
}

impl NtsRules {
    /// As a command line has it. What is kept is for runs that set the clock: whoever only asks exchanges keys of their own.
    pub(super) fn new(cli: &RntpdateCli, mode: RunMode) -> NtsRules {
        let folder = cli.nts_dir.clone().unwrap_or_else(|| PathBuf::from(JAR));
        let own = cli.nts_ca.iter().map(|file| TrustPlan { files: vec![file.clone()], system: false }).next();
        NtsRules {
            strict: cli.nts_strict,
            first_is_enough: cli.nts_first,
            jar: (mode == RunMode::Sync).then_some(folder),
            forget: cli.nts_forget,
            trusts: vec![own.unwrap_or(TrustPlan::SYSTEM)],
        }
    }
}

/// A word for a server without what asks for NTS in front of it, in capitals or not. A host that is called `nts` can have a port.
pub(super) fn bare(word: &str) -> &str {
    let is_port = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let has_prefix = word.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    word.get(PREFIX.len()..).filter(|rest| has_prefix && !is_port(rest)).unwrap_or(word)
}

/// What is wrong with what asks for NTS in front of a word, and what to type.
fn mistake(word: &str) -> Option<String> {
    let rest = bare(word);
    if rest.is_empty() && !word.is_empty() {
        return Some(format!("\"{word}\" stands without the server that is to be asked by NTS: write {PREFIX}NAME"));
    }
    let twice = bare(rest);
    (rest != word && twice != rest).then(|| {
        format!("\"{word}\" asks for NTS twice: write {PREFIX}{}", if twice.is_empty() { "NAME" } else { twice })
    })
}

/// Whether a server is to be asked by NTS, by its word or by an option for all.
pub(super) fn is_wanted(cli: &RntpdateCli, word: &str) -> bool {
    cli.nts || bare(word) != word
}

/// Fails where words and options for NTS do not go together.
pub(super) fn check(cli: &RntpdateCli) -> Result<(), UsageError> {
    if let Some(text) = cli.servers.iter().find_map(|word| mistake(word)) {
        return Err(UsageError::Server(text));
    }
    let typed = cli.servers.iter().find(|word| bare(word) != **word);
    let wanted = if cli.nts { Some("--nts") } else { typed.map(String::as_str) };
    let given = [
        ("--nts-ca", cli.nts_ca.is_some()),
        ("--nts-strict", cli.nts_strict),
        ("--nts-first", cli.nts_first),
        ("--nts-dir", cli.nts_dir.is_some()),
        ("--nts-forget", cli.nts_forget),
    ];
    let option = given.into_iter().find(|(_, is_given)| *is_given).map(|(option, _)| option);
    if let (Some(word), false) = (wanted.or(option), cfg!(feature = "nts")) {
        return Err(UsageError::NoNts(word.to_owned()));
    }
    if let (Some(word), true) = (wanted, cli.auth_key.is_some()) {
        return Err(UsageError::TwoProofs(word.to_owned()));
    }
    if let (Some(word), true) = (typed, cli.no_nts) {
        return Err(UsageError::NtsForbidden(word.clone()));
    }
    if let (Some(word), true) = (typed, cli.peers) {
        return Err(UsageError::AsksPlainly("--peers", bare(word).to_owned()));
    }
    match option {
        // Files may name servers with NTS.
        Some(option) if wanted.is_none() && (cli.no_nts || !cli.servers.is_empty()) => {
            Err(UsageError::WithoutNts(option))
        }
        _ => Ok(()),
    }
}

impl Default for NtsRules {
    fn default() -> NtsRules {
        NtsRules::new(&RntpdateCli::default(), RunMode::Sync)
    }
}

#[cfg(all(test, feature = "nts"))]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::plan::{Plan, ProofPlan};

    fn plan(line: &str) -> Result<Plan, String> {
        let cli = RntpdateCli::try_parse_from(["rntpdate"].into_iter().chain(line.split(' ')));
        let cli = cli.map_err(|error| error.to_string())?;
        Plan::check("rntpdate", &cli).and_then(|()| Plan::new("rntpdate", &cli)).map_err(|error| error.to_string())
    }

    #[test]
    fn servers_with_and_without_nts() {
        let plan = plan("nts:a.example nts:b.example:4461 nts:[2001:db8::1]:4462 c.example:1123 nts:123 nts:a.example")
            .unwrap();
        assert_eq!(plan.servers, ["a.example", "b.example", "2001:db8::1", "c.example", "nts", "a.example"]);
        assert_eq!(plan.ports, [None, None, None, Some(1123), Some(123), None]);
        let ports: Vec<Option<u16>> = (0..6)
            .map(|number| match plan.proof(number) {
                ProofPlan::Nts(nts) => Some(nts.port),
                _ => None,
            })
            .collect();
        assert_eq!(ports, [Some(4460), Some(4461), Some(4462), None, None, Some(4460)]);
        assert_eq!(plan.name_numbers(), [0, 1, 2, 3, 4, 0]);
        assert_eq!(self::plan("a nts:a").unwrap().name_numbers(), [0, 1]);
        let capitals = self::plan("NTS:a Nts:b:4461 NTS:123 nts:nts:4461").unwrap();
        assert_eq!(capitals.servers, ["a", "b", "NTS", "nts"]);
        assert!([0, 1, 3].iter().all(|number| matches!(capitals.proof(*number), ProofPlan::Nts(_))));
        let plan = self::plan("nts:b nts:a nts:A.:4461").unwrap();
        assert_eq!(plan.name_numbers(), [0, 1, 2]);
        assert_eq!([0, 1, 2].map(|number| plan.host_number(number)), [0, 1, 1], "another port is no other witness");
    }

    #[test]
    fn all_servers_by_nts_and_what_is_kept() {
        let plan = plan("--nts --nts-ca /etc/a.pem -q a b:4461").unwrap();
        assert!((0..2).all(|number| matches!(plan.proof(number), ProofPlan::Nts(_))));
        assert_eq!(plan.nts.trusts, [TrustPlan { files: vec!["/etc/a.pem".into()], system: false }]);
        assert_eq!((plan.nts.jar, plan.ports), (None, vec![None, None]));
        assert_eq!(self::plan("nts:a").unwrap().nts.jar, Some(JAR.into()));
    }

    #[test]
    fn what_does_not_go_together() {
        for (line, text) in [
            ("-a 1 nts:a", "-a and nts:a are two proofs"),
            ("--no-nts nts:a", "--no-nts and nts:a contradict"),
            ("--peers nts:a", "--peers asks without NTS: write a without"),
            ("--nts-ca x a", "--nts-ca is for servers with NTS"),
            ("--nts-strict a", "--nts-strict is for"),
            ("-a 1 --nts a", "cannot be used with"),
            ("--nts --peers a", "cannot be used with"),
            ("nts:", "\"nts:\" stands without the server that is to be asked by NTS: write nts:NAME"),
            ("NTS:nts:a", "\"NTS:nts:a\" asks for NTS twice: write nts:a"),
            ("nts:a:0", "port (\"0\")"),
            ("nts:https://a/", "write a"),
        ] {
            let error = plan(line).unwrap_err();
            assert!(error.contains(text), "{line}: {error}");
        }
        // The later one counts.
        assert!(matches!(plan("--no-nts --nts a").unwrap().proof(0), ProofPlan::Nts(_)));
        assert_eq!(plan("--nts --no-nts a").unwrap().proof(0), ProofPlan::Nothing);
    }
}

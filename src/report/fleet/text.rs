//! What a person reads of a survey.

use crate::fleet::{Judgement, Measured, Summary, Target, Trouble, Who};
use crate::net;
use crate::plural::{counted, verb};
use crate::report::spread::spread_line;

/// A target as it was named, `port` being the one that is taken where none is said.
pub fn shown(target: &Target, port: u16) -> String {
    match &target.who {
        Who::Address(address) => net::shown(*address, port),
        Who::Name(name, own) if *own == port => name.to_string(),
        Who::Name(name, own) if name.contains(':') => format!("[{name}]:{own}"),
        Who::Name(name, own) => format!("{name}:{own}"),
    }
}

/// One clock: its level, name, measurement and the cause where it is not well.
pub fn target_line(name: &str, result: &Result<Measured, Trouble>, judgement: &Judgement) -> String {
    let (level, cause) = (judgement.level, judgement.cause.as_deref().unwrap_or_default());
    let level = format!("{level:<8}");
    match result {
        Ok(measured) => {
            let Measured { offset, bound, stratum, .. } = measured;
            let cause = if cause.is_empty() { String::new() } else { format!(": {cause}") };
            let stratum = stratum.effective();
            format!("{level} {name}: offset {offset:+.6} +/- {bound:.6} sec, stratum {stratum}{cause}")
        }
        Err(_) if judgement.is_absent => format!("{:<8} {name}: nobody answers there", "absent"),
        Err(_) => format!("{level} {name}: {cause}"),
    }
}

/// The last lines: how many, how far, and what is wrong with the whole.
pub fn summary_lines(summary: &Summary) -> Vec<String> {
    let tally = &summary.tally;
    let (clocks, answered) = (tally.clocks, tally.answered);
    let mut parts =
        vec![format!("{answered} of {} answered", counted(clocks, "clock")), format!("{} within the limits", tally.ok)];
    if let Some(spread) = &summary.spread {
        parts.insert(1, format!("{} {}", spread.agreeing, verb(spread.agreeing, "agrees", "agree")));
    }
    let more = [
        (tally.warning, "beyond the warning limit"),
        (tally.critical - tally.silent.min(tally.critical), "critical"),
        (tally.silent, "silent (critical)"),
        (tally.unknown, "unknown"),
    ];
    parts.extend(more.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    if tally.absent > 0 {
        parts.push(format!("{} of blocks with nobody there", counted(tally.absent, "address")));
    }
    let mut lines = vec![format!("{}: {}; {:.1} sec", tally.level(), parts.join(", "), summary.took)];
    lines.extend(summary.spread.as_ref().map(|spread| spread_line(spread, &summary.worst)));
    lines.extend(summary.warnings.iter().map(|warning| format!("note: {warning}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Level;
    use crate::fleet::{Spread, Tally, parse};
    use crate::time::Interval;
    use crate::wire::{Leap, RefId, Stratum};

    #[test]
    fn a_line_says_who_how_far_and_why() {
        let measured = Measured {
            offset: Interval::from_micros(5_000_123),
            bound: Interval::from_micros(40),
            delay: Interval::from_micros(70),
            root_distance: Interval::from_micros(20_000),
            stratum: Stratum(2),
            leap: Leap::None,
            refid: RefId(*b"GPS\0"),
        };
        let judgement = |level, cause: &str, is_absent| Judgement {
            level,
            cause: (!cause.is_empty()).then(|| cause.to_owned()),
            is_absent,
        };
        assert_eq!(
            target_line("a", &Ok(measured.clone()), &judgement(Level::Critical, "why", false)),
            "CRITICAL a: offset +5.000123 +/- 0.000040 sec, stratum 2: why"
        );
        assert_eq!(
            target_line("a", &Ok(measured), &judgement(Level::Ok, "", false)),
            "OK       a: offset +5.000123 +/- 0.000040 sec, stratum 2"
        );
        let silent = Err(Trouble::Silent(1));
        assert_eq!(target_line("a", &silent, &judgement(Level::Critical, "why", false)), "CRITICAL a: why");
        assert_eq!(target_line("a", &silent, &judgement(Level::Ok, "", true)), "absent   a: nobody answers there");
    }

    #[test]
    fn what_is_shown_can_be_written_into_the_list() {
        for text in [
            "a",
            "a:5",
            "192.0.2.1",
            "192.0.2.1:5",
            "2001:db8::1",
            "[2001:db8::1]:5",
            "fe80::1%eth0",
            "[fe80::1%eth0]:5",
        ] {
            let targets = parse(text, 123).unwrap();
            assert_eq!(shown(&targets[0], 123), text);
        }
    }

    #[test]
    fn the_summary_counts_all_and_says_how_far() {
        let s = Interval::from_secs;
        let mut summary = Summary {
            tally: Tally { clocks: 4, answered: 3, ok: 2, critical: 2, silent: 1, absent: 7, ..Tally::default() },
            spread: Spread::of(&[(s(0), s(1)), (s(1), s(1)), (s(-9), s(1))]),
            worst: "c".to_owned(),
            took: Interval::from_micros(2_340_000),
            warnings: vec!["w".to_owned()],
        };
        assert_eq!(
            summary_lines(&summary),
            [
                "CRITICAL: 3 of 4 clocks answered, 2 agree, 2 within the limits, 1 critical, 1 silent (critical), \
                 7 addresses of blocks with nobody there; 2.3 sec",
                "|offset|: half within 1.000000, 90 % within 9.000000, 99 % within 9.000000, worst -9.000000 sec (c)",
                "note: w",
            ]
        );
        (summary.spread, summary.tally) = (None, Tally::default());
        assert!(summary_lines(&summary)[0].starts_with("UNKNOWN: 0 of 0"));
    }
}

//! The lines of check_ntp_time of the Monitoring Plugins, with the cause where that plugin hides it.

use super::troubles::{status_line, troubles, why};
use crate::check::{Level, Range};
use crate::diagnosis::diagnose_name;
use crate::outcome::{Conclusion, Outcome};
use crate::plan::CheckPlan;
use crate::printable::printable;
use crate::report::Context;

/// Gives the level by that plugin's rule, which compares the size of the offset, whatever the range. With -q, `Unknown` where a
/// server answered and gave no time.
pub(super) fn level(outcome: &Outcome, check: &CheckPlan, quiet: bool) -> Level {
    match &outcome.conclusion {
        Conclusion::NobodyToAsk => Level::Unknown,
        Conclusion::NoEstimate(_) if quiet && has_answer(outcome) => Level::Unknown,
        Conclusion::NoEstimate(_) => Level::Critical,
        Conclusion::Decided { estimate, .. } => {
            check.offset.level((estimate.offset + check.expected).as_secs_f64().abs())
        }
    }
}

pub(super) fn line(outcome: &Outcome, context: &Context<'_>, check: &CheckPlan, quiet: bool) -> String {
    let level = level(outcome, check, quiet);
    let causes = troubles(outcome).join("; ");
    let after = |text: &str| if causes.is_empty() { text.to_owned() } else { format!("{text}: {causes}") };
    match &outcome.conclusion {
        Conclusion::NobodyToAsk => {
            let host = outcome.hosts.first();
            let name = host.map(|host| host.name.as_str()).unwrap_or_default();
            let cause =
                host.and_then(|host| diagnose_name(host, outcome.started)).map(|found| format!(": {}", why(&found)));
            printable(&format!(
                "{}: Invalid hostname/address - {name}{}",
                context.plan.program,
                cause.unwrap_or_default()
            ))
        }
        Conclusion::NoEstimate(_) if has_answer(outcome) => {
            format!("{}|", status_line(level, &after("Offset unknown")))
        }
        Conclusion::NoEstimate(_) => status_line(level, &after("No response from NTP server")),
        Conclusion::Decided { estimate, .. } => {
            let offset = (estimate.offset + check.expected).as_secs_f64();
            let text = status_line(level, &after(&format!("Offset {} secs", significant(offset))));
            let end =
                |range: &Option<Range>| range.map(|range| range.high()).filter(|end| end.is_finite()).unwrap_or(0.0);
            let (warning, critical) = (end(&check.offset.warning), end(&check.offset.critical));
            format!("{text}|offset={offset:.6}s;{warning:.6};{critical:.6};")
        }
    }
}

fn has_answer(outcome: &Outcome) -> bool {
    outcome.servers.iter().any(|server| server.contact.last_reply.is_some())
}

/// Ten significant digits without zeros at their end, as C's `%.10g` prints them.
fn significant(value: f64) -> String {
    const DIGITS: i32 = 10;
    let scientific = format!("{value:.9e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    if (-4..DIGITS).contains(&exponent) {
        let decimals = usize::try_from(DIGITS - 1 - exponent).unwrap_or(0);
        return trimmed(&format!("{value:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(digits), exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compared with what C's printf prints.
    #[test]
    fn numbers_are_printed_as_the_plugin_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (0.019_991_010_43, "0.01999101043"),
            (5.0, "5"),
            (4.999_994_308, "4.999994308"),
            (-3_600.499_894, "-3600.499894"),
            (6.198_883_057e-6, "6.198883057e-06"),
            (0.000_1, "0.0001"),
            (0.000_099_999_999_999_9, "0.0001"),
            (9_999_999_999.4, "9999999999"),
            (9_999_999_999.6, "1e+10"),
            (-1.5e-12, "-1.5e-12"),
            (4e100, "4e+100"),
        ] {
            assert_eq!(significant(value), text);
        }
    }
}

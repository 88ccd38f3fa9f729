//! A run in Prometheus's text format (version 0.0.4), for node_exporter's textfile collector.
//!
//! No sample has a time: the collector refuses those. What is not known in a run has no sample, so that no graph shows a value that
//! was not measured; the times of the last success and the last step are taken over from the file that is replaced.

use std::fmt::Write as _;
use std::time::Duration;

use crate::diagnosis::diagnose;
use crate::outcome::{Conclusion, ExitStatus, Outcome, RtcResult, Server};
use crate::plan::RunMode;
use crate::policy::Decision;
use crate::printable::printable;
use crate::time::{Interval, Time};

const LAST_SUCCESS: &str = "rntpdate_last_success_timestamp_seconds";
const LAST_STEP: &str = "rntpdate_last_step_timestamp_seconds";

/// What is taken over from the metrics of the run before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EarlierMetrics {
    /// The end of the last run with exit status 0, seconds since 1970.
    last_success: Option<f64>,
    /// The end of the last run that stepped the clock, seconds since 1970.
    last_step: Option<f64>,
}

impl EarlierMetrics {
    /// Reads the two lines that matter; a text that is something else has none of them.
    pub fn parse(text: &str) -> EarlierMetrics {
        let value = |name: &str| {
            let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
            rest.parse().ok().filter(|seconds: &f64| (0.0..=4_294_967_296.0).contains(seconds))
        };
        EarlierMetrics { last_success: value(LAST_SUCCESS), last_step: value(LAST_STEP) }
    }
}

/// A run that is over, whether or not it came to asking servers.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// How far the run was to go.
    pub mode: RunMode,
    /// The end of the run, by this machine's clock as it was then set.
    pub finished: Time,
    /// How long the run took, by a clock that nobody sets.
    pub took: Duration,
    /// What the caller's shell sees.
    pub status: ExitStatus,
    /// What the run found out and did; nothing where it could not begin.
    pub outcome: Option<&'a Outcome>,
}

/// The whole file.
pub fn render_metrics(run: &Ended<'_>, earlier: &EarlierMetrics) -> String {
    let mut text = Text::default();
    about_the_run(&mut text, run, earlier);
    if let Some(outcome) = run.outcome {
        about_the_clock(&mut text, outcome, run.mode);
        about_the_frequency(&mut text, outcome);
        about_the_rtc(&mut text, outcome);
        about_the_servers(&mut text, outcome);
    }
    text.0
}

fn about_the_run(text: &mut Text, run: &Ended<'_>, earlier: &EarlierMetrics) {
    let version = format!("version=\"{}\",mode=\"{}\"", env!("CARGO_PKG_VERSION"), run.mode.as_str());
    text.one_of(
        "rntpdate_run_info",
        "The version of rntpdate, and what the run was to do.",
        [(version, "1".to_owned())],
    );
    let now = run.finished - Time::UNIX_EPOCH;
    let kept = |now_too: bool, kept: Option<f64>| {
        if now_too { seconds(now) } else { kept.map_or("0".to_owned(), |kept| format!("{kept:.6}")) }
    };
    text.one("rntpdate_last_run_timestamp_seconds", "The end of the last run.", Some(seconds(now)));
    let success = kept(run.status == ExitStatus::Done, earlier.last_success);
    text.one(LAST_SUCCESS, "The end of the last run with exit status 0; 0 if there was none.", Some(success));
    let has_stepped = run.outcome.is_some_and(|outcome| run.mode == RunMode::Sync && has_stepped(outcome));
    let step = kept(has_stepped, earlier.last_step);
    text.one(LAST_STEP, "The end of the last run that stepped the clock; 0 if there was none.", Some(step));
    let status = (run.status as u8).to_string();
    text.one(
        "rntpdate_exit_status",
        "0 done, 1 not done, 2 usage, 3 the RTC was not set, 4 refused by a limit or because of a daemon.",
        Some(status),
    );
    let took = format!("{:.6}", run.took.as_secs_f64());
    text.one("rntpdate_run_duration_seconds", "How long the last run took, --splay and --wait included.", Some(took));
}

fn has_stepped(outcome: &Outcome) -> bool {
    matches!(outcome.conclusion, Conclusion::Decided { decision: Decision::Step, failure: None, .. })
}

fn about_the_clock(text: &mut Text, outcome: &Outcome, mode: RunMode) {
    let Conclusion::Decided { estimate, decision, failure } = &outcome.conclusion else { return };
    let offset = seconds(estimate.offset);
    text.one("rntpdate_offset_seconds", "True time - clock, before the run changed it.", Some(offset));
    let bound = seconds(estimate.bound);
    text.one(
        "rntpdate_error_bound_seconds",
        "The largest error of the offset if a majority of servers is right.",
        Some(bound),
    );
    let is_set = mode == RunMode::Sync && failure.is_none();
    let by = |manner: Decision| seconds(if is_set && *decision == manner { estimate.offset } else { Interval::ZERO });
    let corrections =
        [("manner=\"step\"".to_owned(), by(Decision::Step)), ("manner=\"slew\"".to_owned(), by(Decision::Slew))];
    text.one_of("rntpdate_correction_seconds", "By how much the run set the clock forward, and how.", corrections);
    text.one(
        "rntpdate_servers_agreeing",
        "Names (or servers of the only name) that agree.",
        Some(estimate.agreeing.to_string()),
    );
    text.one(
        "rntpdate_servers_voting",
        "Names (or servers of the only name) that have a vote.",
        Some(estimate.voters.to_string()),
    );
}

fn about_the_frequency(text: &mut Text, outcome: &Outcome) {
    let frequency =
        outcome.taught.as_ref().filter(|taught| taught.update.is_known).map(|taught| taught.update.frequency);
    let value = frequency.map(|frequency| number(frequency.value));
    text.one("rntpdate_frequency_ratio", "The correction of the clock's frequency that --discipline found.", value);
    let uncertainty = frequency.map(|frequency| number(frequency.uncertainty));
    text.one(
        "rntpdate_frequency_uncertainty_ratio",
        "One standard deviation of rntpdate_frequency_ratio.",
        uncertainty,
    );
}

fn about_the_rtc(text: &mut Text, outcome: &Outcome) {
    let (is_set, difference, error) = match &outcome.rtc {
        None | Some(RtcResult::Absent(_)) => return,
        Some(RtcResult::Failed(_)) => (false, None, None),
        Some(RtcResult::Written(written)) => match written.verified {
            Some((difference, error)) => (true, Some(difference), Some(error)),
            None => (true, Some(written.residual), None),
        },
    };
    let is_set = if is_set { "1" } else { "0" };
    text.one("rntpdate_rtc_success", "Whether -w set the RTC (in a dry run: could have).", Some(is_set.to_owned()));
    text.one(
        "rntpdate_rtc_difference_seconds",
        "RTC - true time after -w: as --verify read it, else by the moment of the write.",
        difference.map(seconds),
    );
    text.one(
        "rntpdate_rtc_difference_error_seconds",
        "The error of rntpdate_rtc_difference_seconds, with --verify.",
        error.map(seconds),
    );
}

fn about_the_servers(text: &mut Text, outcome: &Outcome) {
    let label = |server: &Server| format!("server=\"{}\"", escaped(&outcome.shown(server)));
    let mut measured = |name, help, value: &dyn Fn(&crate::estimate::Peer) -> String| {
        let peers = outcome.servers.iter().filter_map(|server| Some((label(server), value(server.peer.as_ref()?))));
        text.one_of(name, help, peers);
    };
    measured("rntpdate_server_offset_seconds", "The server's clock - ours, before the run changed it.", &|peer| {
        seconds(peer.offset)
    });
    measured("rntpdate_server_delay_seconds", "The round trip to the server.", &|peer| seconds(peer.delay));
    measured("rntpdate_server_root_distance_seconds", "The error bound of what the server says.", &|peer| {
        seconds(peer.root_distance)
    });
    measured("rntpdate_server_stratum", "The server's distance from a reference clock, in servers.", &|peer| {
        peer.stratum.to_string()
    });
    let standings = outcome.servers.iter().map(|server| {
        let (standing, reason) = (server.verdict.standing(), diagnose(server, outcome).code.as_str());
        (format!("{},standing=\"{standing}\",reason=\"{reason}\"", label(server)), "1".to_owned())
    });
    text.one_of("rntpdate_server_standing_info", "What became of the server, and why: the words of --json.", standings);
}

/// All nine decimals that the clocks hold.
fn seconds(interval: Interval) -> String {
    format!("{interval:.9}")
}

fn number(value: f64) -> String {
    format!("{value:e}")
}

/// A label's value between its quotes.
fn escaped(value: &str) -> String {
    printable(value).replace('\\', "\\\\").replace('"', "\\\"")
}

/// The text as it grows.
#[derive(Default)]
struct Text(String);

impl Text {
    /// Adds a metric without labels, if it has a value.
    fn one(&mut self, name: &str, help: &str, value: Option<String>) {
        self.one_of(name, help, value.map(|value| (String::new(), value)));
    }

    /// Adds a metric with its samples: labels and a value each.
    fn one_of(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = (String, String)>) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        // Into a text that grows nothing can fail to be written.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_out(status: ExitStatus) -> Ended<'static> {
        let finished = Time::from_unix(1_800_000_000, 250_000_000);
        Ended { mode: RunMode::Sync, finished, took: Duration::from_millis(1500), status, outcome: None }
    }

    #[test]
    fn a_failure_keeps_the_time_of_the_last_success() {
        let first = render_metrics(&kept_out(ExitStatus::NotDone), &EarlierMetrics::default());
        assert!(first.contains("\nrntpdate_last_success_timestamp_seconds 0\n"), "{first}");
        let success = render_metrics(&kept_out(ExitStatus::Done), &EarlierMetrics::parse(&first));
        assert!(success.contains("\nrntpdate_last_success_timestamp_seconds 1800000000.250000000\n"), "{success}");
        let mut text = success;
        for status in [ExitStatus::NotDone, ExitStatus::Refused, ExitStatus::RtcNotSet] {
            let run = Ended { finished: Time::from_unix(1_900_000_000, 0), ..kept_out(status) };
            text = render_metrics(&run, &EarlierMetrics::parse(&text));
            assert!(text.contains("\nrntpdate_last_success_timestamp_seconds 1800000000.250000\n"), "{text}");
            assert!(text.contains("\nrntpdate_last_run_timestamp_seconds 1900000000.000000000\n"), "{text}");
            assert!(text.contains(&format!("\nrntpdate_exit_status {}\n", status as u8)), "{text}");
        }
    }

    #[test]
    fn a_foreign_text_has_nothing_to_keep() {
        for text in [
            "",
            "\0\0",
            "rntpdate_last_success_timestamp_seconds",
            "rntpdate_last_success_timestamp_seconds ",
            "rntpdate_last_success_timestamp_seconds NaN",
            "rntpdate_last_success_timestamp_seconds -1",
            "rntpdate_last_success_timestamp_seconds 1e300",
            "rntpdate_last_success_timestamp_seconds{mode=\"sync\"} 5",
            "rntpdate_last_success_timestamp_seconds_more 5",
            "# rntpdate_last_success_timestamp_seconds 5",
        ] {
            assert_eq!(EarlierMetrics::parse(text), EarlierMetrics::default(), "{text:?}");
        }
    }

    #[test]
    fn labels_cannot_end_their_quotes() {
        assert_eq!(escaped("a\"} 1\nb \\"), "a\\\"} 1\\\\nb \\\\");
    }
}

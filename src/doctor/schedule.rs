//! Entries of cron and timers that start time clients.

use super::{Check, Daemon, Schedule};

/// Programs that set the clock and end.
const CLIENTS: [&str; 9] =
    ["rntpdate", "ntpdate", "ntpdate-debian", "ntpdate-sync", "sntp", "ntpdig", "rdate", "htpdate", "msntp"];
/// Daemons that set the clock and end when they are told to by this option.
const ONCE: [(&str, &[&str]); 2] = [("chronyd", &["-q", "-Q"]), ("ntpd", &["-q", "-gq", "-qg"])];

/// The time client that a line of a crontab, a script or a unit runs.
pub fn client_in(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with(['#', ';']) {
        return None;
    }
    let words =
        || line.split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '"' | '\'' | '=' | '`'));
    let base = |word: &'_ str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let clients = words().filter(|word| CLIENTS.contains(&base(word).as_str()));
    let once = words().filter(|word| {
        ONCE.iter().any(|(daemon, options)| base(word) == *daemon && words().any(|option| options.contains(&option)))
    });
    clients.chain(once).next().map(|word| word.rsplit('/').next().unwrap_or(word))
}

pub(super) fn judge(schedules: &[Schedule], daemons: &[Daemon]) -> Check {
    let list: Vec<String> = schedules.iter().map(|one| format!("{} ({})", one.place, one.client)).collect();
    let list = list.join(", ");
    let sets = daemons.iter().find(|daemon| daemon.sets_clock);
    match (schedules.len(), sets) {
        (0, _) => Check::good("schedule", "no cron or timer entry starts a time client"),
        (_, Some(daemon)) => Check::warning(
            "schedule",
            format!("entries start a time client while {} sets the clock: {list}", daemon.name),
            "keep one of both",
        ),
        (1, None) => Check::good("schedule", format!("one entry starts a time client: {list}")),
        (_, None) => Check::warning("schedule", format!("several entries start time clients: {list}"), "keep one"),
    }
}

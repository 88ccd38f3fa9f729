//! The clocks and those who set them.

use super::{Adjfile, Check, Daemon, KernelClock, RtcFinding, RtcReading};
use crate::time::Interval;

/// The kernel's limit is 500; a clock that needs so much is near the end of what can be corrected.
const HIGH_FREQUENCY: f64 = 300.0;
/// The chip counts whole seconds, and so is up to one behind.
const RTC_TOLERANCE: Interval = Interval::from_secs(2);
/// A chip that is wrong by more would make the next start go wrong.
const RTC_BAD: Interval = Interval::from_secs(300);

pub(super) fn may_set(result: &Result<(), String>) -> Check {
    match result {
        Ok(()) => {
            Check::good("setting", "this process may set the clock (tried, by setting the frequency that it has)")
        }
        Err(why) => Check::bad(
            "setting",
            format!("this process may not set the clock: {why}"),
            "run as root; in a container CAP_SYS_TIME must be granted from outside, in a systemd unit ProtectClock= must be off",
        ),
    }
}

pub(super) fn kernel(clock: &Result<KernelClock, String>) -> Vec<Check> {
    match clock {
        Err(why) => vec![Check::bad("clock", format!("its state cannot be read: {why}"), "run as root")],
        Ok(clock) => vec![state(clock), frequency(clock), slew(clock)],
    }
}

fn state(clock: &KernelClock) -> Check {
    let leap = match clock.leap {
        0 => "",
        1.. => ", a leap second will be inserted",
        _ => ", a leap second will be left out",
    };
    if clock.synchronised {
        let text = format!("the kernel takes it for synchronised, to {:.3} s{leap}", clock.max_error);
        Check::good("clock", text)
    } else {
        Check::warning(
            "clock",
            format!("the kernel takes it for unsynchronised{leap}"),
            "usual where no daemon runs; rntpdate --mark-synced tells the kernel, which then also writes the RTC",
        )
    }
}

fn frequency(clock: &KernelClock) -> Check {
    let text = format!("frequency correction {:+.3} ppm", clock.frequency_ppm);
    if clock.frequency_ppm.abs() < HIGH_FREQUENCY {
        return Check::good("frequency", text);
    }
    let advice = "the kernel's limit is 500: a bad crystal, or a daemon that was ended while it corrected; adjtimex -f 0 resets it";
    Check::warning("frequency", text, advice)
}

fn slew(clock: &KernelClock) -> Check {
    if clock.pending_slew == Interval::ZERO {
        return Check::good("slew", "none is under way");
    }
    let (left, seconds) = (clock.pending_slew, clock.pending_slew.abs().as_secs_f64() / 500e-6);
    let text = format!("one is under way: {left:+.6} s are left, for {seconds:.0} s");
    Check::warning("slew", text, "wait until it is over before you compare clocks; another sync replaces it")
}

pub(super) fn daemons(daemons: &[Daemon]) -> Check {
    let list = |wanted: &dyn Fn(&Daemon) -> bool| {
        let names: Vec<String> =
            daemons.iter().filter(|one| wanted(one)).map(|one| format!("{} (process {})", one.name, one.pid)).collect();
        names.join(", ")
    };
    match daemons.iter().filter(|daemon| daemon.sets_clock).count() {
        0 if daemons.is_empty() => Check::good("daemons", "no other time daemon runs"),
        0 => Check::good("daemons", format!("{} runs, and does not set the clock", list(&|_| true))),
        1 => Check::warning(
            "daemons",
            format!("{} sets the clock", list(&|one| one.sets_clock)),
            "leave the clock to it, or end it (systemctl disable --now) before rntpdate sets it",
        ),
        _ => Check::bad(
            "daemons",
            format!("several set the clock, against each other: {}", list(&|one| one.sets_clock)),
            "keep one and end the others (systemctl disable --now)",
        ),
    }
}

pub(super) fn rtc(rtc: &RtcFinding, adjfile: &Adjfile) -> Check {
    match rtc {
        RtcFinding::None(why) => Check::warning(
            "RTC",
            why.clone(),
            "without one each start begins with a wrong time: sync early, from the network",
        ),
        RtcFinding::Closed(why) => Check::warning("RTC", why.clone(), "run as root, when nobody else has it open"),
        RtcFinding::Broken(why) => {
            Check::bad("RTC", why.clone(), "set it with rhwclock --systohc; if that does not last, change its battery")
        }
        RtcFinding::Read(reading) => read(reading, matches!(adjfile, Adjfile::Read { local: true, .. })),
    }
}

fn read(reading: &RtcReading, local: bool) -> Check {
    let (own, other) = if local { (reading.as_local, reading.as_utc) } else { (reading.as_utc, reading.as_local) };
    let scale = |local| if local { "local time" } else { "UTC" };
    let text = format!("{} keeps {}, and is {:+.0} s from the clock", reading.device, scale(local), own);
    if own.abs() <= RTC_TOLERANCE {
        return Check::good("RTC", text);
    }
    if other.abs() <= RTC_TOLERANCE {
        let text = format!("{text}; it would be right as {}", scale(!local));
        return Check::warning(
            "RTC",
            text,
            format!("rhwclock --systohc --{}", if local { "utc" } else { "localtime, or --utc to change that" }),
        );
    }
    let advice = "when the clock is right: rhwclock --systohc";
    if own.abs() <= RTC_BAD { Check::warning("RTC", text, advice) } else { Check::bad("RTC", text, advice) }
}

pub(super) fn adjfile(adjfile: &Adjfile) -> Check {
    match adjfile {
        Adjfile::Missing => {
            Check::good("adjtime", "there is no /etc/adjtime: the RTC keeps UTC, its drift is not known")
        }
        Adjfile::Unreadable(why) => Check::warning("adjtime", why.clone(), "run as root"),
        Adjfile::Read { local, factor, problems } if problems.is_empty() => {
            let scale = if *local { "local time" } else { "UTC" };
            Check::good("adjtime", format!("the RTC keeps {scale}, and is corrected by {factor:+.6} s a day"))
        }
        Adjfile::Read { problems, .. } => Check::warning(
            "adjtime",
            format!("/etc/adjtime: {}", problems.join("; ")),
            "rhwclock --systohc writes it anew",
        ),
    }
}

//! The kernel's clock and the clock chip.

use std::path::Path;

use crate::doctor::{Adjfile, KernelClock, RtcFinding, RtcReading};
use crate::linux::files::adjtime as file;
use crate::linux::host::LocalZone;
use crate::linux::rtc::RtcDevice;
use crate::linux::timex::Timex;
use crate::linux::{SystemClock, ffi};
use crate::machine::Clock as _;
use crate::machine::rtc::Rtc as _;
use crate::machine::rtc_error::RtcError;
use crate::rtc::adjtime::{Adjtime, DEFAULT_PATH, Kept};
use crate::time::{Interval, Time};
use crate::zone::Scale;

/// timex counts frequencies in 2⁻¹⁶ ppm (adjtimex(2)).
const PPM: f64 = 65_536.0;

/// Really tries it, by setting the frequency that was just read: containers show capabilities that do not work.
pub(super) fn may_set() -> Result<(), String> {
    let mut state = Timex::default();
    let tried = ffi::adjust_realtime(&mut state).and_then(|_| {
        let mut same = Timex::default();
        same.modes = libc::ADJ_FREQUENCY;
        same.freq = state.freq;
        ffi::adjust_realtime(&mut same)
    });
    tried.map(|_| ()).map_err(|error| error.to_string())
}

pub(super) fn kernel() -> Result<KernelClock, String> {
    let mut timex = Timex::default();
    let state = ffi::adjust_realtime(&mut timex).map_err(|error| error.to_string())?;
    let scale = if timex.status & libc::STA_NANO == 0 { 1000 } else { 1 };
    let phase = Interval::from_nanos(i128::from(timex.offset) * scale);
    Ok(KernelClock {
        synchronised: timex.status & libc::STA_UNSYNC == 0 && state != libc::TIME_ERROR,
        max_error: Interval::from_micros(timex.maxerror),
        frequency_ppm: timex.freq as f64 / PPM,
        pending_slew: SystemClock.pending_slew() + phase,
        leap: match state {
            libc::TIME_INS => 1,
            libc::TIME_DEL => -1,
            _ => 0,
        },
    })
}

pub(super) fn rtc() -> RtcFinding {
    let mut device = match RtcDevice::open(None) {
        Ok(device) => device,
        Err(error) if error.is_absence() => return RtcFinding::None(error.to_string()),
        Err(error @ (RtcError::Busy { .. } | RtcError::OpenNotPermitted { .. })) => {
            return RtcFinding::Closed(error.to_string());
        }
        Err(error) => return RtcFinding::Broken(error.to_string()),
    };
    let time = match device.read() {
        Ok(time) => time,
        Err(error) => return RtcFinding::Broken(error.to_string()),
    };
    let now = SystemClock.now().real;
    let difference = |scale: Scale<'_>| Time::from_unix(scale.moment_of(time, now.to_unix().0), 0) - now;
    RtcFinding::Read(RtcReading {
        device: device.path().display().to_string(),
        as_utc: difference(Scale::Utc),
        as_local: difference(Scale::Local(LocalZone::get())),
    })
}

pub(super) fn adjfile() -> Adjfile {
    match file::read(Path::new(DEFAULT_PATH)) {
        Ok(None) => Adjfile::Missing,
        Err(error) => Adjfile::Unreadable(error.to_string()),
        Ok(Some(text)) => {
            let (adjtime, problems) = Adjtime::parse(&text);
            Adjfile::Read {
                local: adjtime.kept == Some(Kept::Local),
                factor: adjtime.factor,
                problems: problems.iter().map(ToString::to_string).collect(),
            }
        }
    }
}

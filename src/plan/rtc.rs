//! The RTC, after the clock.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;
use crate::rtc::adjtime;
use crate::rtc::adjtime::ScaleChoice;

/// How the RTC is set after the clock (-w).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtcPlan {
    /// The device file; `None`: the first that there is.
    pub device: Option<PathBuf>,
    /// UTC or local time.
    pub scale: ScaleChoice,
    /// `None`: works without one.
    pub adjfile: Option<PathBuf>,
    /// A machine without an RTC is no error.
    pub optional: bool,
    /// Read it back at its next tick.
    pub verify: bool,
}

pub(super) fn rtc(cli: &RntpdateCli) -> Result<Option<RtcPlan>, UsageError> {
    if !cli.systohc {
        let options = [
            ("--rtc", cli.rtc.is_some()),
            ("--utc", cli.utc),
            ("--localtime", cli.localtime),
            ("--adjfile", cli.adjfile.is_some()),
            ("--noadjfile", cli.noadjfile),
            ("--rtc-optional", cli.rtc_optional),
            ("--verify", cli.verify),
        ];
        let given = options.iter().find(|(_, given)| *given);
        return given.map_or(Ok(None), |(name, _)| Err(UsageError::WithoutRtc(name)));
    }
    if cli.user.is_some() {
        return Err(UsageError::RtcAsUser);
    }
    if cli.noadjfile && !cli.utc && !cli.localtime {
        return Err(UsageError::NoScale);
    }
    let file = cli.adjfile.clone().unwrap_or_else(|| PathBuf::from(adjtime::DEFAULT_PATH));
    Ok(Some(RtcPlan {
        device: cli.rtc.clone(),
        scale: ScaleChoice::from_options(cli.utc, cli.localtime),
        adjfile: (!cli.noadjfile).then_some(file),
        optional: cli.rtc_optional,
        verify: cli.verify,
    }))
}

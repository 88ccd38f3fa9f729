//! The words that name clocks of this machine.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use super::PREFIX;
use crate::time::Interval;

/// No time scale is further from UTC: a day.
const FARTHEST: f64 = 86_400.0;

/// Which clock is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Device {
    /// The one with this device file.
    Path(PathBuf),
    /// The one whose name has this in it.
    Name(String),
}

/// What a clock keeps, as far as the user says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedScale {
    /// UTC.
    Utc,
    /// TAI, which the kernel knows the offset of, or else is 37 s ahead.
    Tai,
    /// So much more than UTC.
    Ahead(Interval),
}

/// A clock of this machine that takes the place of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The word that names it.
    pub word: String,
    /// Which it is.
    pub device: Device,
    /// What it keeps, if that is said.
    pub scale: Option<WantedScale>,
}

/// An offset from UTC; nothing where the text is none that a clock can have.
pub fn seconds(text: &str) -> Option<Interval> {
    text.parse::<f64>().ok().filter(|seconds| seconds.abs() <= FARTHEST).map(Interval::from_secs_f64)
}

/// A clock, from its word; what is wrong with it where it is none.
pub fn parse(word: &str) -> Result<Wanted, String> {
    let wrong = |what: &str| {
        format!(
            "\"{word}\" is no clock of this machine: {what}: write {PREFIX}/dev/ptp0, or {PREFIX}kvm for the one with that name"
        )
    };
    let rest = word.strip_prefix(PREFIX).unwrap_or(word);
    let (device, scale) = match rest.rsplit_once('@') {
        Some((device, scale)) => (device, Some(scale)),
        None => (rest, None),
    };
    let scale = match scale {
        None => None,
        Some("utc") => Some(WantedScale::Utc),
        Some("tai") => Some(WantedScale::Tai),
        Some(text) => {
            Some(WantedScale::Ahead(seconds(text).ok_or_else(|| wrong("what follows @ is utc, tai or seconds"))?))
        }
    };
    let device = match device {
        "" => return Err(wrong("which is not said")),
        path if path.starts_with('/') => Device::Path(PathBuf::from(path)),
        name if name.contains(['/', ':']) => return Err(wrong("a device file begins with /")),
        name => Device::Name(name.to_owned()),
    };
    Ok(Wanted { word: word.to_owned(), device, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_named_by_file_or_name_and_say_what_they_keep() {
        let path = |path: &str| Device::Path(PathBuf::from(path));
        for (word, device, scale) in [
            ("phc:/dev/ptp0", path("/dev/ptp0"), None),
            ("phc:kvm", Device::Name("kvm".to_owned()), None),
            ("phc:/dev/ptp_hyperv@utc", path("/dev/ptp_hyperv"), Some(WantedScale::Utc)),
            ("phc:igb@tai", Device::Name("igb".to_owned()), Some(WantedScale::Tai)),
            ("phc:/dev/ptp0@-1.5", path("/dev/ptp0"), Some(WantedScale::Ahead(Interval::from_micros(-1_500_000)))),
        ] {
            let found = parse(word).unwrap();
            assert_eq!((found.device, found.scale), (device, scale), "{word}");
        }
        for word in ["phc:", "phc:@tai", "phc:a/b", "phc:/dev/ptp0@", "phc:/dev/ptp0@tia", "phc:x@1e9", "phc:x@nan"] {
            assert!(parse(word).unwrap_err().contains("write phc:/dev/ptp0"), "{word}");
        }
    }
}

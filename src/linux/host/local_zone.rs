//! The zone of this machine: TZ, or else /etc/localtime. Read once, before anything is printed with a time, and by both
//! programs: a confined run could not read it again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{DateTime, FixedOffset, NaiveDateTime};

use crate::linux::sandbox::invoker::for_invoker;
use crate::time::Time;
use crate::zone::rules::ZoneRules;
use crate::zone::{Moments, Season, Zone};

/// Where the files of zoneinfo are, unless TZDIR says it.
const ZONEINFO: &str = "/usr/share/zoneinfo";

const LOCALTIME: &str = "/etc/localtime";

/// Debian's file with a zone's name, for a machine that has lost the other.
const TIMEZONE: &str = "/etc/timezone";

/// A limit on what is read: the largest file of zoneinfo has under 8 kB.
const MAX_SIZE: u64 = 256 * 1024;

/// Names that mean UTC also where there is no zoneinfo.
const NAMES_OF_UTC: [&str; 6] = ["UTC", "GMT", "UCT", "Zulu", "Universal", "Etc/UTC"];

/// A zone, and what there is to say of how it was found.
#[derive(Clone, Debug)]
pub struct LocalZone {
    rules: ZoneRules,
    warning: Option<String>,
}

impl LocalZone {
    /// The zone of this machine, which is read at the first call.
    pub fn get() -> &'static LocalZone {
        static ZONE: OnceLock<LocalZone> = OnceLock::new();
        ZONE.get_or_init(|| {
            LocalZone::named(std::env::var_os("TZ").map(|tz| tz.to_string_lossy().into_owned()).as_deref())
        })
    }

    /// What is wrong with the zone: without it times are in UTC, or lack summer time.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// What TZ names with this value: a file of zoneinfo, any file with its whole path, or a rule. Without TZ it is
    /// /etc/localtime, and without that what /etc/timezone names; without all, or with an empty value, UTC.
    pub fn named(tz: Option<&str>) -> LocalZone {
        let Some(tz) = tz else {
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
            return LocalZone::from_file(Path::new(LOCALTIME))
                .unwrap_or_else(|| LocalZone::named(Some(&read(Path::new(TIMEZONE)).map(text).unwrap_or_default())));
        };
        let name = tz.strip_prefix(':').unwrap_or(tz);
        if name.is_empty() {
            return LocalZone::utc(None);
        }
        let folder = std::env::var_os("TZDIR").filter(|folder| !folder.is_empty());
        let path = folder.map_or_else(|| PathBuf::from(ZONEINFO), PathBuf::from).join(name);
        // A path in TZ or TZDIR may be anybody's who calls this by sudo, if only to find out what there is.
        match for_invoker(true, || LocalZone::from_file(&path)) {
            Ok(found) => found.unwrap_or_else(|| LocalZone::from_text(name)),
            Err(error) => LocalZone::unusable(&path, &error.to_string()),
        }
    }

    fn utc(warning: Option<String>) -> LocalZone {
        LocalZone { rules: ZoneRules::utc(), warning }
    }

    /// `None` where there is no such file.
    fn from_file(path: &Path) -> Option<LocalZone> {
        let read = match read(path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return None;
            }
            Err(error) => Err(error.to_string()),
            Ok(bytes) => ZoneRules::from_file(&bytes).map_err(|error| error.to_string()),
        };
        Some(match read {
            Ok(rules) => LocalZone { rules, warning: None },
            Err(why) => LocalZone::unusable(path, &why),
        })
    }

    fn unusable(path: &Path, why: &str) -> LocalZone {
        LocalZone::utc(Some(format!("the time zone {} cannot be used: {why}; going on in UTC", path.display())))
    }

    fn from_text(text: &str) -> LocalZone {
        match ZoneRules::from_text(text) {
            Ok((rules, false)) => LocalZone { rules, warning: None },
            Ok((rules, true)) => {
                let warning = format!("the rule in TZ='{text}' is not understood; going on without summer time");
                LocalZone { rules, warning: Some(warning) }
            }
            Err(_) if NAMES_OF_UTC.contains(&text) => LocalZone::utc(None),
            Err(error) => {
                let warning =
                    format!("TZ='{text}' is not understood: there is no such zone file and {error}; going on in UTC");
                LocalZone::utc(Some(warning))
            }
        }
    }
}

/// A regular file of a sane size; nothing else is opened, for a device may do something at that, and a pipe would wait.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let refused = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if !fs::metadata(path)?.is_file() {
        return refused("it is not a regular file");
    }
    let file: File = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return refused("it is not a regular file");
    }
    if found.len() > MAX_SIZE {
        return refused("it is too large for a time zone file");
    }
    let mut bytes = Vec::new();
    file.take(MAX_SIZE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Zone for LocalZone {
    fn offset_at(&self, unix: i64) -> i32 {
        self.rules.offset_at(unix)
    }

    fn moments(&self, local: NaiveDateTime) -> Moments {
        self.rules.moments(local)
    }

    fn season_at(&self, unix: i64) -> Season {
        self.rules.season_at(unix)
    }

    fn other(&self, rule: &str) -> Option<Box<dyn Zone>> {
        let other = LocalZone::named(Some(rule));
        other.warning.is_none().then(|| Box::new(other) as Box<dyn Zone>)
    }
}

/// Local time at `at`.
pub fn local_zone(at: Time) -> DateTime<FixedOffset> {
    let (seconds, nanos) = at.to_unix();
    let utc = DateTime::from_timestamp(seconds, nanos).unwrap_or_default();
    let offset = FixedOffset::east_opt(LocalZone::get().offset_at(utc.timestamp()));
    offset.map_or_else(|| utc.fixed_offset(), |offset| utc.with_timezone(&offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A named pipe has to be found out before it is opened: nobody writes to it.
    #[test]
    fn what_is_no_small_regular_file_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
        let large = folder.path().join("large");
        File::create(&large).unwrap().set_len(MAX_SIZE + 1).unwrap();
        let text = folder.path().join("text");
        fs::write(&text, "no zone").unwrap();
        let cases = [
            (pipe.as_path(), "it is not a regular file"),
            (Path::new("/dev/zero"), "it is not a regular file"),
            (folder.path(), "it is not a regular file"),
            (large.as_path(), "it is too large"),
            (text.as_path(), "it is no time zone file"),
        ];
        for (path, why) in cases {
            let zone = LocalZone::named(path.to_str());
            let warning = zone.warning().unwrap_or_else(|| panic!("{} is taken", path.display()));
            assert!(warning.contains(why) && warning.contains(&*path.to_string_lossy()), "{warning}");
            assert_eq!(zone.offset_at(0), 0);
        }
    }

    #[test]
    fn what_is_not_understood_is_named_and_utc_is_not_wrong() {
        for text in ["Nowhere/City", "CET", "CET-1CEST,nonsense", "CET-1CEST,M3.5.0", "Eur ope"] {
            let zone = LocalZone::named(Some(text));
            assert!(zone.warning().is_some_and(|warning| warning.contains(text)) || text == "CET", "{text}");
        }
        assert_eq!(LocalZone::named(Some("XYZ-1CEST,nonsense")).offset_at(0), 3600);
        for text in ["", ":", "UTC", "UTC0", ":UTC0"] {
            let zone = LocalZone::named(Some(text));
            assert_eq!((zone.warning(), zone.offset_at(0)), (None, 0), "{text}");
        }
    }
}

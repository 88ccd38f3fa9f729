//! The adjtime file together with what its content means for this run.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use crate::linux::files::adjtime::Disk;
use crate::machine::{AdjfileError, AdjtimeStore};
use crate::rtc::adjtime::{Adjtime, Kept, Problem, ScaleChoice};
use crate::zone::{Scale, Zone};

/// The adjtime file: what it holds, and where it goes.
#[derive(Debug, Default)]
pub struct Record {
    /// `None` for `--noadjfile`: nothing is read or written.
    path: Option<PathBuf>,
    /// The text on disk; `None` where there is no file, or it could not be read.
    text: Option<String>,
    /// What it says.
    pub adjtime: Adjtime,
    /// What in it is not understood. Before the file is written anew, its old text is kept beside it.
    pub problems: Vec<Problem>,
    /// Why it could not be read; it counts as missing then.
    pub unreadable: Option<AdjfileError>,
}

impl Record {
    /// Reads the file; `None`: works without one.
    pub fn load(path: Option<PathBuf>) -> Record {
        Record::load_from(&Disk::default(), path)
    }

    /// Reads it from elsewhere.
    pub fn load_from(store: &dyn AdjtimeStore, path: Option<PathBuf>) -> Record {
        let Some(file) = &path else { return Record::default() };
        let (text, unreadable) = match store.read(file) {
            Ok(text) => (text, None),
            Err(error) => (None, Some(error)),
        };
        let (adjtime, problems) = Adjtime::parse(text.as_deref().unwrap_or_default());
        Record { path, text, adjtime, problems, unreadable }
    }

    /// Is there a file with something in it?
    pub fn exists(&self) -> bool {
        self.text.is_some()
    }

    /// The file's name; `None` for `--noadjfile`.
    pub fn path(&self) -> Option<&PathBuf> {
        self.path.as_ref()
    }

    /// What the chip keeps.
    pub fn kept(&self, choice: ScaleChoice) -> Kept {
        match choice {
            ScaleChoice::Fixed(kept) => kept,
            ScaleChoice::FromFile => self.adjtime.kept.unwrap_or_default(),
        }
    }

    /// The same, with the zone that local time is in.
    pub fn scale<'a>(&self, choice: ScaleChoice, local: &'a dyn Zone) -> Scale<'a> {
        match self.kept(choice) {
            Kept::Utc => Scale::Utc,
            Kept::Local => Scale::Local(local),
        }
    }

    /// Makes `adjtime` the file's content, unless it is already. Gives where the old text was kept, if it had to be.
    pub fn save(&mut self, adjtime: Adjtime) -> Result<Option<PathBuf>, AdjfileError> {
        self.save_to(&Disk::default(), adjtime)
    }

    /// Writes it elsewhere.
    pub fn save_to(&mut self, store: &dyn AdjtimeStore, adjtime: Adjtime) -> Result<Option<PathBuf>, AdjfileError> {
        self.adjtime = adjtime;
        let text = adjtime.to_string();
        let Some(path) = self.path.as_ref().filter(|_| self.text.as_ref() != Some(&text)) else { return Ok(None) };
        if self.unreadable.is_some() {
            return Err(AdjfileError::unread(path));
        }
        let copy = match &self.text {
            Some(old) if !self.problems.is_empty() => Some(store.keep_copy(path, old)?),
            _ => None,
        };
        store.replace(path, &text)?;
        self.text = Some(text);
        self.problems.clear();
        Ok(copy)
    }
}

/// The content after the chip was set at `unix`: both times are that, nothing is left over.
pub fn after_setting(old: &Adjtime, unix: i64, kept: Kept) -> Adjtime {
    Adjtime { factor: old.factor, last_adjust: unix, not_adjusted: 0.0, last_calibration: unix, kept: Some(kept) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn no_file_is_utc_and_saving_makes_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adjtime");
        let mut record = Record::load(Some(path.clone()));
        assert!(!record.exists() && record.unreadable.is_none());
        assert_eq!(record.kept(ScaleChoice::FromFile), Kept::Utc);
        record.save(after_setting(&record.adjtime, 7, Kept::Local)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "0.000000 7 0.000000\n7\nLOCAL\n");
        assert_eq!(Record::load(Some(path)).kept(ScaleChoice::FromFile), Kept::Local);
    }

    #[test]
    fn what_is_not_understood_is_kept_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adjtime");
        fs::write(&path, "0 0 0\n0\nLOCAL\nmy own note\n").unwrap();
        let mut record = Record::load(Some(path.clone()));
        assert_eq!(record.problems, [Problem::More("my own note".into())]);
        let copy = record.save(after_setting(&record.adjtime, 7, Kept::Local)).unwrap().unwrap();
        assert!(fs::read_to_string(copy).unwrap().contains("my own note"));
        assert_eq!(record.save(after_setting(&record.adjtime, 8, Kept::Local)).unwrap(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn without_a_file_nothing_is_written_and_options_win() {
        let mut record = Record::load(None);
        assert_eq!(record.save(Adjtime::default()).unwrap(), None);
        assert_eq!(record.kept(ScaleChoice::Fixed(Kept::Local)), Kept::Local);
    }
}

//! What looks have shown of chips, in the directory of what one run leaves for the next.

use std::path::PathBuf;

use crate::linux::files::state::{Note, StateDir, boot_id};
use crate::linux::files::within::within;
use crate::rtc::write_effect::WriteEffect;

/// More chips than these no machine has.
const MAX_LINES: usize = 32;

/// What is known of a chip.
#[derive(Debug)]
pub(super) struct TickNotes {
    folder: PathBuf,
    /// The chip's number, driver and place, as the kernel names them: another chip at the same path is another one.
    identity: String,
    pub(super) effect: Option<WriteEffect>,
}

impl TickNotes {
    /// Reads what there is in this directory about the chip with this identity. A note of another boot counts for nothing: the
    /// machine may be another one by now.
    pub(super) fn read(folder: PathBuf, identity: String) -> TickNotes {
        let lines = lines(&StateDir::at(&folder));
        let effect = lines.iter().find_map(|line| effect_in(line, &identity));
        TickNotes { folder, identity, effect }
    }

    /// Writes down what is known from now on. Where that cannot be the next run looks again.
    pub(super) fn write(&mut self, effect: Option<WriteEffect>) {
        self.effect = effect;
        let what = format!("the notes for the next run in {} (the RTC is set)", self.folder.display());
        let _ = within(&what, || {
            let state = StateDir::open(&self.folder)?;
            let mut lines = lines(&state);
            lines.retain(|line| effect_in(line, &self.identity).is_none());
            lines.extend(effect.map(|effect| format!("{effect}: {}", self.identity)));
            let newest = lines.split_off(lines.len().saturating_sub(MAX_LINES));
            let text: String = [boot_id()].into_iter().chain(newest).map(|line| line + "\n").collect();
            state.write(Note::Tick.name(), &text)
        });
    }
}

/// The lines of this boot's note.
fn lines(state: &StateDir) -> Vec<String> {
    let text = state.read(Note::Tick).ok().flatten().unwrap_or_default();
    let mut lines = text.lines().map(str::to_owned);
    match lines.next() {
        Some(boot) if boot == boot_id() && !boot.is_empty() => lines.collect(),
        _ => Vec::new(),
    }
}

/// What a line says, if it is about the chip with this identity.
fn effect_in(line: &str, identity: &str) -> Option<WriteEffect> {
    let (effect, of) = line.split_once(": ")?;
    WriteEffect::parse(effect).filter(|_| of == identity)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::time::Interval;

    fn read(folder: &std::path::Path, identity: &str) -> Option<WriteEffect> {
        TickNotes::read(folder.to_owned(), identity.to_owned()).effect
    }

    #[test]
    fn each_chip_has_its_own_note_and_a_later_one_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, restarts) = (folder.path().join("state"), WriteEffect::Restarts(Interval::from_micros(500_000)));
        let write = |identity: &str, effect| TickNotes::read(path.clone(), identity.to_owned()).write(effect);
        write("rtc0 rtc_cmos 00:04", Some(WriteEffect::Keeps));
        write("rtc1 rtc-ds1307", Some(restarts));
        assert_eq!(read(&path, "rtc0 rtc_cmos 00:04"), Some(WriteEffect::Keeps));
        assert_eq!(read(&path, "rtc1 rtc-ds1307"), Some(restarts));
        assert_eq!(read(&path, "rtc0 rtc-pl031"), None, "another chip at the same place");
        write("rtc0 rtc_cmos 00:04", Some(restarts));
        assert_eq!(read(&path, "rtc0 rtc_cmos 00:04"), Some(restarts));
        write("rtc0 rtc_cmos 00:04", None);
        assert_eq!(read(&path, "rtc0 rtc_cmos 00:04"), None);
        assert_eq!(read(&path, "rtc1 rtc-ds1307"), Some(restarts));
    }

    #[test]
    fn a_note_of_another_boot_or_with_anything_else_in_it_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let boot = boot_id();
        let good = format!("{boot}\nkeeps: rtc0 x\n");
        let told = |text: &str| {
            fs::write(folder.path().join(Note::Tick.name()), text).unwrap();
            read(folder.path(), "rtc0 x")
        };
        assert_eq!(told(&good), Some(WriteEffect::Keeps));
        for text in [
            String::new(),
            "keeps: rtc0 x\n".to_owned(),
            good.replace(&boot, "another-boot"),
            good.replace("keeps", "restarts 99999999999999999999"),
            good.replace("keeps", "restarts -5"),
            good.replace(": ", ""),
            "\n".repeat(70_000),
        ] {
            assert_eq!(told(&text), None, "{text:?}");
        }
    }
}

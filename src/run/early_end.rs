//! The reason why a run could not begin, or go on.

use crate::check::Level;
use crate::cli::rntpdate::RntpdateCli;
use crate::line::{Channel, Line, Priority};
use crate::linux::SystemClock;
use crate::linux::term::{LineWriter, complain, print};
use crate::machine::Clock as _;
use crate::outcome::ExitStatus;
use crate::plan::RunMode;
use crate::printable::printable_json;
use crate::report;
use crate::run::metrics::RunMetrics;

/// The ways for the reason why a run could not begin, or go on: those that its report would have had.
pub(super) struct EarlyEnd<'a> {
    program: &'a str,
    syslog: bool,
    /// The mode that the object is of, where one is wanted.
    object: Option<RunMode>,
    metrics: &'a RunMetrics,
}

impl<'a> EarlyEnd<'a> {
    /// The ways that a command line asks for.
    pub(super) fn of(program: &'a str, cli: &RntpdateCli, metrics: &'a RunMetrics) -> EarlyEnd<'a> {
        EarlyEnd { program, syslog: cli.syslog, object: cli.json.then(|| RunMode::of(cli)), metrics }
    }

    /// Says it, and ends with that status.
    pub(super) fn say(&self, text: &str, status: ExitStatus) -> ExitStatus {
        let at = SystemClock.now().real;
        let mut writer = LineWriter::new(self.program, self.syslog);
        let is_logged = writer.reaches_syslog();
        if is_logged {
            writer.write(&[Line { channel: Channel::Log(Priority::Error), at, text: text.to_owned() }]);
        }
        // Whoever typed it reads what is wrong with it where it was typed.
        if !is_logged || status == ExitStatus::Usage {
            complain(self.program, text);
        }
        if let Some(mode) = self.object {
            writer.write_object(&report::render_json_kept_out(mode, at, Some(text.to_owned()), status));
        }
        self.metrics.leave_at_once(status, &mut writer);
        status
    }
}

/// Says what keeps a look at many clocks from its work; to programs as well, by the object that its report ends with.
pub(super) fn many_unknown(program: &str, object: Option<fn(&str) -> String>, text: &str) -> Level {
    complain(program, text);
    if let Some(object) = object {
        print(program, &printable_json(&object(text)));
    }
    Level::Unknown
}

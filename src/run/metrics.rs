//! --metrics: what every run leaves for monitoring, however it ends.

use std::cell::Cell;
use std::io;
use std::path::Path;
use std::time::Instant;

use crate::line::{Channel, Line, Priority};
use crate::linux::SystemClock;
use crate::linux::files::metrics;
use crate::linux::files::within::within;
use crate::linux::sandbox::invoker::for_invoker;
use crate::linux::term::LineWriter;
use crate::machine::Clock as _;
use crate::outcome::{ExitStatus, Outcome};
use crate::plan::{MetricsPlan, RunMode};
use crate::report::{EarlierMetrics, Ended, render_metrics};

/// The metrics of a run, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct RunMetrics {
    plan: Option<MetricsPlan>,
    mode: RunMode,
    begun: Instant,
    earlier: EarlierMetrics,
    /// Why the file cannot be used.
    problem: Option<String>,
    is_left: Cell<bool>,
}

impl RunMetrics {
    /// Reads what an earlier run left, while the file can be read.
    pub(crate) fn begin(plan: Option<MetricsPlan>, mode: RunMode) -> RunMetrics {
        let begun = Instant::now();
        let (mut earlier, mut problem) = (EarlierMetrics::default(), None);
        if let Some(path) = plan.as_ref().and_then(MetricsPlan::file) {
            match for_invoker(mode != RunMode::Sync, || metrics::read(path)).and_then(|read| read) {
                Ok(text) => earlier = text.as_deref().map(EarlierMetrics::parse).unwrap_or_default(),
                Err(error) => problem = Some(format!("the metrics file {} is left alone: {error}", path.display())),
            }
        }
        RunMetrics { plan, mode, begun, earlier, problem, is_left: Cell::new(false) }
    }

    /// Leaves the metrics of a run that ended so: in the file, by `replace` with its path and the text, or on standard output. Whether that could be done;
    /// what is wrong is told as an error. Of a run only the first call counts.
    pub(crate) fn leave(
        &self,
        (status, outcome): (ExitStatus, Option<&Outcome>),
        writer: &mut LineWriter,
        replace: impl FnOnce(&Path, &str) -> io::Result<()>,
    ) -> bool {
        let Some(plan) = self.plan.as_ref().filter(|_| !self.is_left.replace(true)) else { return true };
        let finished = SystemClock.now().real;
        let run = Ended { mode: self.mode, finished, took: self.begun.elapsed(), status, outcome };
        let text = render_metrics(&run, &self.earlier);
        let problem = match (plan, &self.problem) {
            (_, Some(problem)) => Some(problem.clone()),
            (MetricsPlan::Stdout, None) => {
                writer.write_text(&text);
                None
            }
            (MetricsPlan::File(path), None) => {
                let cannot = |error| format!("cannot write the metrics to {}: {error}", path.display());
                let what = format!("the metrics in {}", path.display());
                within(&what, || replace(path, &text)).err().map(cannot)
            }
        };
        let line = |text| Line { channel: Channel::Log(Priority::Error), at: finished, text };
        let lines: Vec<Line> = problem.map(line).into_iter().collect();
        writer.write(&lines);
        lines.is_empty()
    }

    /// The same for a run that could not begin and still has its rights.
    pub(crate) fn leave_at_once(&self, status: ExitStatus, writer: &mut LineWriter) {
        let is_dry = self.mode != RunMode::Sync;
        let replace =
            |path: &Path, text: &str| for_invoker(is_dry, || metrics::replace(path, text)).and_then(|done| done);
        self.leave((status, None), writer, replace);
    }
}

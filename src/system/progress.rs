//! How far a run is, for a person at a terminal.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A shorter run shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const BETWEEN: Duration = Duration::from_millis(100);

/// Somebody who wants to know how far a run is.
pub trait Progress {
    /// So many replies are there, of so many at the most.
    fn replies(&mut self, replies: usize, most: usize);
}

/// Nobody does: a pipe, cron, a script.
#[derive(Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn replies(&mut self, _replies: usize, _most: usize) {}
}

/// One line on a terminal's stderr, which appears after a second and is wiped away when this is dropped.
#[derive(Debug)]
pub struct TerminalProgress {
    bar: ProgressBar,
    /// Draws, because the run may be waiting for a name server; ends when `alive` is dropped.
    painter: Option<JoinHandle<()>>,
    alive: Option<Sender<()>>,
}

impl TerminalProgress {
    /// Something to draw with if stderr is a terminal.
    pub fn for_stderr() -> Option<TerminalProgress> {
        if !stderr().is_terminal() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_message("looking up names");
        // The template is a constant; should it be refused, the library's own look does as well.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        let (alive, ended) = mpsc::channel::<()>();
        let painted = bar.clone();
        let painter = thread::Builder::new().spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                painted.set_draw_target(ProgressDrawTarget::stderr());
                while ended.recv_timeout(BETWEEN) == Err(RecvTimeoutError::Timeout) {
                    painted.tick();
                }
                painted.finish_and_clear();
            }
        });
        Some(TerminalProgress { bar, painter: painter.ok(), alive: Some(alive) })
    }
}

impl Progress for TerminalProgress {
    fn replies(&mut self, replies: usize, most: usize) {
        self.bar.set_message(format!("waiting for servers: {replies} of {most} replies"));
    }
}

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        self.alive = None;
        if let Some(painter) = self.painter.take() {
            // A painter that panicked has nothing left to wipe away.
            let _ = painter.join();
        }
    }
}

//! How far a run is, for a person at a terminal.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::machine::Progress;

/// A shorter run shows nothing.
const TIMEOUT: Duration = Duration::from_secs(1);
const BETWEEN: Duration = Duration::from_millis(100);

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
            if ended.recv_timeout(TIMEOUT) == Err(RecvTimeoutError::Timeout) {
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

/// A bar on a terminal's stderr, which appears after a second and is wiped away when this is dropped.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    begun: Instant,
}

impl Bar {
    /// A bar of so many parts, if stderr is a terminal.
    pub fn for_stderr(parts: usize) -> Option<Bar> {
        if !stderr().is_terminal() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(Some(parts as u64), ProgressDrawTarget::hidden());
        // The template is a constant; should it be refused, the library's own look does as well.
        if let Ok(style) = ProgressStyle::with_template("{elapsed} [{bar:40}] {pos} of {len} clocks") {
            bar.set_style(style.progress_chars("#> "));
        }
        Some(Bar { bar, begun: Instant::now() })
    }

    /// So many parts are done.
    pub fn set(&self, done: usize) {
        if self.bar.is_hidden() && self.begun.elapsed() >= TIMEOUT {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(done as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

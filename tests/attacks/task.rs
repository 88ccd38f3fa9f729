//! What a program under attack is asked for.

use std::path::{Path, PathBuf};

/// What is asked of it. Four samples, unless `samples` says otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) servers: Vec<String>,
    pub(crate) samples: u8,
    /// Seconds between requests, where the program lets one choose.
    pub(crate) interval: Option<f64>,
    /// Seconds to wait for a reply.
    pub(crate) patience: f64,
    /// So many servers have to agree, where the program lets one choose.
    pub(crate) least: Option<u8>,
    /// The clock is to be set, where the program ends sooner then: it lacks the right, and fails at the end.
    pub(crate) sets: bool,
    /// The run may end when its error is known to be below so many seconds, where the program lets one choose.
    pub(crate) accuracy: Option<f64>,
    /// By NTS, with the authorities in this file, in the folder for temporary files.
    pub(crate) nts: Option<PathBuf>,
}

impl Task {
    pub(crate) fn new(servers: &[&str]) -> Self {
        let servers = servers.iter().map(ToString::to_string).collect();
        Self { servers, samples: 4, interval: None, patience: 2.0, least: None, sets: false, accuracy: None, nts: None }
    }

    pub(crate) fn samples(self, samples: u8) -> Self {
        Self { samples, ..self }
    }

    pub(crate) fn interval(self, seconds: f64) -> Self {
        Self { interval: Some(seconds), ..self }
    }

    pub(crate) fn patience(self, seconds: f64) -> Self {
        Self { patience: seconds, ..self }
    }

    pub(crate) fn least(self, servers: u8) -> Self {
        Self { least: Some(servers), ..self }
    }

    pub(crate) fn sets(self) -> Self {
        Self { sets: true, ..self }
    }

    pub(crate) fn nts(self, authorities: &Path) -> Self {
        Self { nts: Some(authorities.to_owned()), ..self }
    }

    pub(crate) fn accuracy(self, seconds: f64) -> Self {
        Self { accuracy: Some(seconds), ..self }
    }
}

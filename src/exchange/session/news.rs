//! What of a session concerns whoever decides in another process.

use super::state::Session;
use crate::exchange::news::News;

impl Session {
    /// What has changed since the last call, and nothing where nothing has.
    pub(in crate::exchange) fn news(&mut self, server: usize) -> Option<News> {
        let told = self.told.as_ref();
        let from = told.map_or(0, |(samples, _)| *samples);
        let samples = self.candidate.samples.iter().zip(&self.local).skip(from);
        let news = News {
            server,
            measured: samples.map(|(sample, local)| (*local, sample.header.clone())).collect(),
            kiss: self.candidate.kiss,
            untrusted: self.candidate.untrusted,
            renewal: self.renewal(),
            is_renewed: self.is_renewed,
            contested: self.candidate.contested,
            answered: self.answered(),
            wanted: self.wanted,
            is_active: self.is_active(),
            is_refreshing: self.is_refreshing(),
        };
        let without_samples = News { measured: Vec::new(), ..news.clone() };
        let is_known = news.measured.is_empty() && told.is_some_and(|(_, told)| *told == without_samples);
        if is_known {
            return None;
        }
        self.told = Some((self.candidate.samples.len(), without_samples));
        Some(news)
    }
}

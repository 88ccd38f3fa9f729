//! rntpdate's own pipeline in the simulated world.

use rntpdate::internals::cli::rntpdate::RntpdateCli;
use rntpdate::internals::discipline;
use rntpdate::internals::discipline::History;
use rntpdate::internals::exchange::Keyring;
use rntpdate::internals::linux::files::adjtime::Disk;
use rntpdate::internals::machine::rtc_error::RtcError;
use rntpdate::internals::machine::{Here, NoProgress};
use rntpdate::internals::outcome::Outcome;
use rntpdate::internals::plan::Plan;
use rntpdate::internals::run::sync;
use rntpdate::internals::run::sync::System;

use super::world::Shared;
use crate::support::random::Random;

/// What runs from cron.
pub(crate) struct Program {
    pub(crate) plan: Plan,
    /// The file, as text; nothing without --discipline.
    pub(crate) history: Option<String>,
    nonces: Random,
}

impl Program {
    pub(crate) fn new(options: &[&str], server: &str, is_disciplined: bool) -> Program {
        let discipline = is_disciplined.then_some(&"--discipline");
        let words = options.iter().chain(discipline).chain([&server]).map(|word| (*word).into());
        let cli: RntpdateCli = rntpdate::internals::cli::parse("rntpdate", words).expect("a good command line");
        let plan = Plan::new("rntpdate", &cli).expect("a good plan");
        Program { plan, history: is_disciplined.then(String::new), nonces: Random::new(99) }
    }

    /// Asks other servers from now on.
    pub(crate) fn ask(&mut self, servers: &[&str]) {
        self.plan.servers = servers.iter().map(ToString::to_string).collect();
        self.plan.ports = vec![None; servers.len()];
    }

    /// One run, with its history read from text and written to it.
    pub(crate) fn run(&mut self, world: &Shared) -> Outcome {
        let earlier = self.history.as_deref().map(|text| match text {
            "" => History::default(),
            text => discipline::parse(text).expect("a good history"),
        });
        let outcome = self.run_after(world, earlier.as_ref());
        if let Some(taught) = &outcome.taught {
            self.history = Some(discipline::render(&taught.update.history));
        }
        outcome
    }

    /// One run that knows of these earlier ones.
    pub(crate) fn run_after(&mut self, world: &Shared, earlier: Option<&History>) -> Outcome {
        world.0.borrow_mut().close();
        let (mut clock, mut network) = (world.clone(), world.clone());
        let mut nonce = || Some(self.nonces.bits());
        let keys = &Keyring::default();
        let mut here = Here { network: &mut network, nonce: &mut nonce, keys, source_port: None, exchanges: None };
        let mut system = System {
            clock: &mut clock,
            servers: &mut here,
            resolver: world,
            keys,
            nts: rntpdate::internals::machine::NtsState::default(),
            open_rtc: &mut |_| Err(RtcError::None { tried: Vec::new() }),
            store: &Disk::default(),
            local: &chrono::Utc,
            progress: &mut NoProgress,
        };
        sync::run_after(&self.plan, &mut system, earlier).expect("the servers are asked here")
    }
}

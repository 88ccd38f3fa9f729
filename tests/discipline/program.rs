//! rntpdate's own pipeline in the simulated world.

use rntpdate::cli::rntpdate::RntpdateCli;
use rntpdate::discipline::{self, History};
use rntpdate::hwclock::record::Disk;
use rntpdate::outcome::Outcome;
use rntpdate::plan::Plan;
use rntpdate::sync::{self, System};
use rntpdate::system::NoProgress;
use rntpdate::system::rtc_error::RtcError;

use crate::random::Random;
use crate::world::Shared;

/// What runs from cron.
pub(crate) struct Program {
    pub(crate) plan: Plan,
    /// The file, as text; nothing without --discipline.
    pub(crate) history: Option<String>,
    nonces: Random,
}

impl Program {
    pub(crate) fn new(options: &[&str], server: &str, is_disciplined: bool) -> Program {
        let words = options.iter().chain([&server]).map(|word| (*word).into());
        let cli: RntpdateCli = rntpdate::cli::parse("rntpdate", words).expect("a good command line");
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
            self.history = Some(discipline::render(&taught.lesson.history));
        }
        outcome
    }

    /// One run that knows of these earlier ones.
    pub(crate) fn run_after(&mut self, world: &Shared, earlier: Option<&History>) -> Outcome {
        world.0.borrow_mut().close();
        let (mut clock, mut network) = (world.clone(), world.clone());
        let mut nonce = || Some(self.nonces.bits());
        let mut system = System {
            clock: &mut clock,
            network: &mut network,
            resolver: world,
            key: None,
            nonce: &mut nonce,
            open_rtc: &mut |_| Err(RtcError::None { tried: Vec::new() }),
            shelf: &Disk,
            local: &chrono::Utc,
            progress: &mut NoProgress,
        };
        sync::run_after(&self.plan, &mut system, earlier)
    }
}

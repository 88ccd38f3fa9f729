//! Somebody else sets the clock in the moment in which we would.

use rntpdate::outcome::{Conclusion, ExitStatus};
use rntpdate::plan::Plan;
use rntpdate::system::{Claim, Clock, ClockError, DryClock, SystemClock};
use rntpdate::time::{Interval, Reading};

use crate::ntpserver::{SECOND, Server};
use crate::run_with;

/// This machine's clock, moved once by somebody who had the claim before us.
struct Overtaken {
    clock: DryClock<SystemClock>,
    moved: Interval,
    by: Interval,
}

impl Clock for Overtaken {
    fn now(&self) -> Reading {
        let now = self.clock.now();
        Reading { real: now.real + self.moved, ..now }
    }

    fn step(&mut self, offset: Interval) -> Result<(), ClockError> {
        self.clock.step(offset)
    }

    fn slew(&mut self, offset: Interval) -> Result<(), ClockError> {
        self.clock.slew(offset)
    }

    fn pending_slew(&self) -> Interval {
        self.clock.pending_slew()
    }

    fn claim(&mut self) -> Option<Claim> {
        self.moved += self.by;
        None
    }
}

#[test]
fn an_offset_that_somebody_else_has_put_right_is_not_added_again() {
    let server = Server::good(3 * SECOND);
    let port = server.port().to_string();
    let cli = rntpdate::cli::parse("rntpdate", ["-bp2", "--port", &port, "127.0.0.1"].map(Into::into));
    let plan = Plan::new("rntpdate", &cli.expect("a good command line")).expect("a good plan");
    for (by, done) in [(Interval::ZERO, 1), (Interval::from_secs(3), 0), (Interval::from_secs(-1), 0)] {
        let mut clock = Overtaken { clock: DryClock::new(SystemClock), moved: Interval::ZERO, by };
        let outcome = run_with(&mut clock, &plan);
        let Conclusion::Decided { failure, .. } = &outcome.conclusion else { panic!("{:?}", outcome.conclusion) };
        assert_eq!(clock.clock.changes.len(), done, "moved by {by}: {failure:?}");
        assert_eq!(outcome.exit_status() == ExitStatus::Done, done == 1);
        let text = failure.as_deref().unwrap_or_default();
        assert_eq!(text.contains("something else moved it"), done == 0, "{text}");
    }
}

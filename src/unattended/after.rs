//! What follows a run: notes for the next one, and the user's command.

use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use super::entry::{PENALTIES, SET};
use super::{Pass, log};
use crate::outcome::{Conclusion, Outcome};
use crate::plan::Plan;
use crate::policy::Decision;
use crate::report::{Line, Priority};
use crate::system::state::{boot_id, since_boot};

/// What the user's command gets, however little of the run's time is left.
const COMMAND: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(10);

/// Ends a run; gives what went wrong with that.
pub fn leave(plan: &Plan, outcome: &Outcome, pass: &mut Pass) -> Vec<Line> {
    if plan.is_dry() {
        return Vec::new();
    }
    let mut lines = notes(outcome, pass);
    let Conclusion::Decided { estimate, decision: Decision::Step, failure: None } = &outcome.conclusion else {
        return lines;
    };
    if let Some(text) = &plan.unattended.after_step {
        let mut command = Command::new("sh");
        command.arg("-c").arg(text).env("RNTPDATE_OFFSET", format!("{:.9}", estimate.offset));
        if let Some(server) = outcome.address(estimate.system_peer) {
            command.env("RNTPDATE_SERVER", server.ip().to_string());
        }
        let end = (pass.began + plan.deadline).max(Instant::now() + COMMAND);
        lines.extend(
            run(&mut command, end).err().map(|why| log(Priority::Error, format!("after the step: {text}: {why}"))),
        );
    }
    lines
}

fn notes(outcome: &Outcome, pass: &mut Pass) -> Vec<Line> {
    let Some(state) = &pass.state else { return Vec::new() };
    let mut lines = Vec::new();
    let mut write = |name, text: &str| {
        if let Err(error) = state.write(name, text) {
            lines.push(log(Priority::Warning, format!("cannot note for the next run: {name}: {error}")));
        }
    };
    let boot = boot_id();
    if let Conclusion::Decided { decision: Decision::Step | Decision::Slew, failure: None, .. } = &outcome.conclusion {
        // Not again: the folder may be another user's.
        if state.read(SET).is_none_or(|note| note != boot) {
            write(SET, &boot);
        }
    }
    if pass.penalties.learn(outcome.servers.iter().map(|server| &server.contact), since_boot()) {
        write(PENALTIES, &pass.penalties.to_text(&boot));
    }
    lines
}

/// A command that does not end in time goes on by itself: to kill it in the middle would be worse.
fn run(command: &mut Command, end: Instant) -> Result<(), String> {
    let mut child: Child = command.spawn().map_err(|error| error.to_string())?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(status.to_string()),
            Ok(None) if Instant::now() < end => thread::sleep(LOOK),
            Ok(None) => return Err(format!("still running (pid {}), not waited for any longer", child.id())),
            Err(error) => return Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str, most: Duration) -> Result<(), String> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(text);
        run(&mut command, Instant::now() + most)
    }

    #[test]
    fn what_became_of_the_command_is_said() {
        let minute = Duration::from_secs(60);
        assert_eq!(shell("true", minute), Ok(()));
        assert_eq!(shell("exit 3", minute).unwrap_err(), "exit status: 3");
        assert_eq!(shell("kill -9 $$", minute).unwrap_err(), "signal: 9 (SIGKILL)");
        let endless = shell("exec sleep 0.3", Duration::from_millis(20)).unwrap_err();
        assert!(endless.starts_with("still running (pid "), "{endless}");
    }
}

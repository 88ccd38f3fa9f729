//! The user's command after a step.

use std::net::IpAddr;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::time::Interval;

const LOOK: Duration = Duration::from_millis(10);

/// Runs it by the shell, with the step's size and the server in its environment, and waits for it until `end`.
pub(super) fn run(text: &str, offset: Interval, server: Option<IpAddr>, end: Instant) -> Result<(), String> {
    let mut command = Command::new("sh");
    command.arg("-c").arg(text).env("RNTPDATE_OFFSET", format!("{offset:.9}"));
    if let Some(server) = server {
        command.env("RNTPDATE_SERVER", server.to_string());
    }
    wait(&mut command, end)
}

/// A command that does not end in time goes on by itself: to kill it in the middle would be worse.
fn wait(command: &mut Command, end: Instant) -> Result<(), String> {
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
        run(text, Interval::from_micros(-1_500_000), "192.0.2.1".parse().ok(), Instant::now() + most)
    }

    #[test]
    fn what_became_of_the_command_is_said() {
        let minute = Duration::from_secs(60);
        assert_eq!(shell("test $RNTPDATE_OFFSET,$RNTPDATE_SERVER = -1.500000000,192.0.2.1", minute), Ok(()));
        assert_eq!(shell("exit 3", minute).unwrap_err(), "exit status: 3");
        assert_eq!(shell("kill -9 $$", minute).unwrap_err(), "signal: 9 (SIGKILL)");
        let endless = shell("exec sleep 0.3", Duration::from_millis(20)).unwrap_err();
        assert!(endless.starts_with("still running (pid "), "{endless}");
    }
}

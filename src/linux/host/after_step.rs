//! The user's command after a step.

use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::time::Interval;

const LOOK: Duration = Duration::from_millis(10);

/// Where commands are looked for, whoever started the run: it may be root by sudo, with the PATH of another.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What makes a shell run, or find, something else than it is told to.
const TRAPS: [&str; 6] = ["ENV", "BASH_ENV", "CDPATH", "IFS", "SHELLOPTS", "PS4"];

/// The user's command, for the shell, with the step's size and the server in its environment, and nothing to read.
pub(crate) fn command(text: &str, offset: Interval, server: Option<IpAddr>) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(text).env("PATH", PATH).stdin(Stdio::null());
    command.env("RNTPDATE_OFFSET", format!("{offset:.9}"));
    for name in TRAPS {
        command.env_remove(name);
    }
    if let Some(server) = server {
        command.env("RNTPDATE_SERVER", server.to_string());
    }
    command
}

/// Runs it, and waits for it until `end`. A command that takes longer goes on by itself: to kill it
/// in the middle would be worse.
pub(crate) fn run(mut command: Command, end: Instant) -> Result<(), String> {
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
        let command = command(text, Interval::from_micros(-1_500_000), "192.0.2.1".parse().ok());
        run(command, Instant::now() + most)
    }

    #[test]
    fn the_shell_is_the_systems() {
        let command = command("true", Interval::ZERO, None);
        assert_eq!(command.get_program(), "/bin/sh");
        let gone: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert!(gone.contains(&"BASH_ENV".as_ref()) && gone.contains(&"ENV".as_ref()), "{gone:?}");
    }

    #[test]
    fn what_became_of_the_command_is_said() {
        let minute = Duration::from_secs(60);
        assert_eq!(shell("test $RNTPDATE_OFFSET,$RNTPDATE_SERVER = -1.500000000,192.0.2.1", minute), Ok(()));
        assert_eq!(shell("! read -r line", minute), Ok(()), "there is nothing to read");
        assert_eq!(shell("test $PATH = /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", minute), Ok(()));
        assert_eq!(shell("exit 3", minute).unwrap_err(), "exit status: 3");
        assert_eq!(shell("kill -9 $$", minute).unwrap_err(), "signal: 9 (SIGKILL)");
        let endless = shell("exec sleep 0.3", Duration::from_millis(20)).unwrap_err();
        assert!(endless.starts_with("still running (pid "), "{endless}");
    }
}

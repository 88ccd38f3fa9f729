//! Users, looked up in a process of its own: a name service that hangs (NIS, SSSD, LDAP before the network is there) is given up
//! when the time is.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use serde::{Deserialize, Serialize};

use super::channel::{receive, send};
use super::child::{Child, die_with};
use crate::linux::sandbox::rights::Identity;

#[derive(Debug, Serialize, Deserialize)]
struct Numbers {
    user: u32,
    group: u32,
    groups: Vec<u32>,
}

/// The user of this name or number, if that is known within `wait`. To be called before there is a thread, a lock or a socket.
pub fn look_up_user(name: &str, wait: Duration) -> Result<Identity> {
    // A number needs no process.
    if let Some(identity) = Identity::of_number(name)? {
        return Ok(identity);
    }
    let end = Instant::now() + wait;
    let child = Child::start(c"rntpdate-users", true, |stream, parent| {
        die_with(parent);
        let found = Identity::look_up(name).map(|found| {
            let (user, group, groups) = found.numbers();
            Numbers { user, group, groups }
        });
        let _ = send(&stream, &found.map_err(|error| format!("{error:#}")), None);
    })?;
    match child.stream().and_then(|stream| receive::<Result<Numbers, String>>(stream, Some(end))) {
        Ok(Some(Ok(found))) => Ok(Identity::of_numbers(name, found.user, found.group, &found.groups)),
        Ok(Some(Err(why))) => Err(anyhow!(why)),
        Ok(None) => bail!("cannot look up user {name}: the process that does it has ended"),
        Err(error) if error.kind() == std::io::ErrorKind::TimedOut => bail!(
            "cannot look up user {name}: no answer from the name service in {:.1} s (see passwd: in /etc/nsswitch.conf)",
            wait.as_secs_f64()
        ),
        Err(error) => bail!("cannot look up user {name}: {error}"),
    }
}

//! What a run starts and reads before it does anything, while it has all its rights: its helpers, and its keys.

use std::net::UdpSocket;

use anyhow::{Context as _, Result};

use crate::exchange::Keyring;
use crate::line::{Line, Priority};
use crate::linux::processes::{Helpers, Source, look_up_user};
use crate::linux::sandbox::may_set_clock;
use crate::linux::sandbox::rights::Identity;
use crate::machine::KeyExchanges;
use crate::plan::Plan;
use crate::run::lines::{log, zone_line};
use crate::run::{keys, nts, rights};

/// A run's helpers, and the user that it becomes.
pub(super) struct Started {
    pub(super) helpers: Helpers,
    pub(super) user: Option<Identity>,
    /// What is doubtful about the keys.
    doubt: Option<String>,
}

/// What servers have to prove that they know, or exchange.
pub(super) struct Secrets {
    pub(super) keys: Keyring,
    pub(super) exchanges: Exchanges,
}

/// The way to key exchanges, in a run that needs any.
pub(super) type Exchanges = Option<Box<dyn KeyExchanges>>;

impl Started {
    /// Starts the helpers that a plan takes, and reads its keys. Fails where one cannot be had that the run does not go without.
    pub(super) fn by(plan: &Plan) -> Result<(Started, Secrets)> {
        source_is_ours(plan)?;
        let user = plan.user.as_deref().map(|name| look_up_user(name, plan.deadline)).transpose()?;
        let mut helpers = Helpers::start(&rights::tasks(plan), user.as_ref())?;
        // After the one for names, which is not to have them, and while a file of root's can be read.
        let (keys, doubt) = keys::of_plan(plan)?;
        let mut exchanges = key_exchanges(plan)?;
        if rights::splits(plan) {
            exchanges = start_network(plan, &mut helpers, &keys, exchanges, user.as_ref())?;
        }
        Ok((Started { helpers, user, doubt }, Secrets { keys, exchanges }))
    }

    /// What there is to say of the zone, the helpers and the keys.
    pub(super) fn lines(&self, plan: &Plan, keys: &Keyring) -> Vec<Line> {
        let lacks = self.helpers.lacks().iter().map(|text| log(Priority::Error, text.clone()));
        let doubt = self.doubt.iter().map(|text| log(Priority::Warning, text.clone()));
        let found = zone_line().into_iter().chain(lacks).chain(doubt);
        found.chain(keys::lines(plan, keys)).chain(nts::lines(plan)).collect()
    }
}

/// Fails where the address to send from is not this machine's; with --wait it may come yet.
pub(crate) fn source_is_ours(plan: &Plan) -> Result<()> {
    let Some(address) = plan.source_address.filter(|_| plan.unattended.wait.is_none()) else { return Ok(()) };
    let no =
        || format!("--source-address {address} cannot be used (\"ip address\" shows the addresses of this machine)");
    UdpSocket::bind((address, 0)).map(drop).with_context(no)
}

/// Has another process speak with the servers. Where none can be had a run that may set something fails; any other goes on alone,
/// and writes nothing.
fn start_network(
    plan: &Plan,
    helpers: &mut Helpers,
    keys: &Keyring,
    mut exchanges: Exchanges,
    user: Option<&Identity>,
) -> Result<Exchanges> {
    let cannot = "cannot start the process that asks the servers";
    let source = Source { address: plan.source_address, port: plan.source_port };
    match helpers.start_network(source, keys, &mut exchanges, user) {
        Err(error) if may_set_clock() || plan.unattended.after_step.is_some() => Err(error).context(cannot),
        Err(error) => {
            helpers.lack(format!("{cannot}: {error}; not written: {}", rights::files(plan)));
            Ok(exchanges)
        }
        // That process has them now.
        Ok(()) => Ok(None),
    }
}

/// What the plan's servers with NTS exchange keys by.
pub(super) fn key_exchanges(plan: &Plan) -> Result<Exchanges> {
    nts::exchanges(plan).context("cannot make ready for key exchanges")
}

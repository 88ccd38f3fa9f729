//! One JSON value of the input: a run's object, or what Ansible wraps around it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::loose::{First, Number, Text};
use super::run::{Object, Run};

/// Plays and tasks of a playbook that are looked at.
const MAX_TASKS: usize = 64;

/// What a JSON object turned out to be.
#[derive(Debug)]
pub(super) enum Document {
    /// A run of rntpdate.
    Run(Run),
    /// One task's result on a node, as Ansible has it.
    Result(TaskResult),
    /// Results by node, in the order of the tasks.
    Playbook(Vec<(String, TaskResult)>),
}

/// A command's result.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TaskResult {
    #[serde(default)]
    pub(super) stdout: Text,
    #[serde(default)]
    pub(super) stderr: Text,
    #[serde(default)]
    pub(super) msg: Text,
    #[serde(default)]
    pub(super) unreachable: bool,
    #[serde(default)]
    pub(super) failed: bool,
}

#[derive(Deserialize)]
struct Playbook {
    plays: First<Play, MAX_TASKS>,
}

#[derive(Deserialize)]
struct Play {
    #[serde(default)]
    tasks: First<Task, MAX_TASKS>,
}

#[derive(Deserialize)]
struct Task {
    #[serde(default)]
    hosts: BTreeMap<String, TaskResult>,
}

/// What tells the kinds apart.
#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    program: Text,
    #[serde(default)]
    version: Number,
    #[serde(default)]
    plays: Present,
    #[serde(default)]
    stdout: Present,
    #[serde(default)]
    msg: Present,
    #[serde(default)]
    unreachable: Present,
}

/// Whether a member is there, whatever it is.
#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Present, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Present(true))
    }
}

/// The version of the object that is read here, as contrib/rntpdate.schema.json has it.
const VERSION: u64 = 1;

/// Why a text is nothing that can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// No JSON, or not all of it.
    NoJson,
    /// JSON of another kind, or an object without what every run has.
    Incomplete,
    /// An object of this version, whose members may mean something else.
    Newer(u64),
}

impl Unread {
    /// For the node that has said it.
    pub(super) fn text(self) -> String {
        match self {
            Unread::NoJson => "its output is cut off, or is no JSON".to_owned(),
            Unread::Incomplete => {
                "its output is JSON, and lacks members that \"rntpdate --json\" prints (program, finished, exit_status)"
                    .to_owned()
            }
            Unread::Newer(version) => {
                format!("its output is from a newer rntpdate (version {version}): collect with that one")
            }
        }
    }
}

/// Reads the object at the beginning of a text.
pub(super) fn read(text: &str) -> Result<Document, Unread> {
    let incomplete =
        || if first::<serde::de::IgnoredAny>(text).is_some() { Unread::Incomplete } else { Unread::NoJson };
    let kind: Kind = first(text).ok_or_else(incomplete)?;
    if kind.program.0.is_some_and(|program| program.starts_with("rntpdate ")) {
        match kind.version.0 {
            Some(version) if version > VERSION => return Err(Unread::Newer(version)),
            _ => {}
        }
        return first::<Object>(text).and_then(Object::into_run).map(Document::Run).ok_or_else(incomplete);
    }
    if kind.plays.0 {
        let plays = first::<Playbook>(text).ok_or_else(incomplete)?.plays.0;
        let tasks = plays.into_iter().flat_map(|play| play.tasks.0);
        return Ok(Document::Playbook(tasks.flat_map(|task| task.hosts).collect()));
    }
    let is_result = kind.stdout.0 || kind.msg.0 || kind.unreachable.0;
    is_result.then(|| first(text)).flatten().map(Document::Result).ok_or_else(incomplete)
}

/// The first value of a text. What follows it is somebody else's.
fn first<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::Deserializer::from_str(text).into_iter().next()?.ok()
}

//! The monitor of a running virtual machine, by QEMU's machine protocol (QMP) on a socket.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long the emulator may take to open the socket or to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the emulator listens.
#[derive(Clone, Debug)]
pub(crate) struct Monitor(PathBuf);

impl Monitor {
    /// In the folder of one run.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(folder.join("monitor"))
    }

    /// The value of the emulator's option `-qmp`.
    pub(crate) fn option(&self) -> String {
        format!("unix:{},server=on,wait=off", self.0.display())
    }

    /// Lets the whole machine stand still for so long: its processor, its timers and its cards.
    ///
    /// # Panics
    /// When the emulator is not there, or refuses.
    pub(crate) fn stop_for(&self, time: Duration) {
        let mut talk = Talk::begin(&self.0);
        talk.execute("stop");
        std::thread::sleep(time);
        talk.execute("cont");
    }

    /// Writes the machine's state to a file, without a memory that is shared, and switches it off.
    ///
    /// # Panics
    /// When the emulator is not there, or refuses, or cannot write.
    pub(crate) fn save(&self, file: &Path) {
        let mut talk = Talk::begin(&self.0);
        talk.leave_shared_memory();
        // What has the file's own name is whole.
        let to = format!("exec:cat >'{0}.part' && mv '{0}.part' '{0}'", file.display());
        talk.execute_with("migrate", &serde_json::json!({ "uri": to }));
        let started = Instant::now();
        loop {
            let state = talk.execute("query-migrate");
            match state["status"].as_str() {
                Some("completed") => break,
                Some("failed") | None => panic!("the machine's state could not be saved: {state}"),
                _ if started.elapsed() > PATIENCE => panic!("the machine's state is not saved in time: {state}"),
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        talk.execute("quit");
    }

    /// Has a machine that waits for one go on from a state that was saved.
    ///
    /// # Panics
    /// When the emulator is not there, or refuses.
    pub(crate) fn resume(&self, file: &Path) {
        let mut talk = Talk::begin(&self.0);
        talk.leave_shared_memory();
        let from = format!("exec:cat '{}'", file.display());
        talk.execute_with("migrate-incoming", &serde_json::json!({ "uri": from }));
    }
}

/// One connection, after the greetings.
struct Talk {
    lines: BufReader<UnixStream>,
}

impl Talk {
    fn begin(path: &Path) -> Self {
        let started = Instant::now();
        let socket = loop {
            match UnixStream::connect(path) {
                Ok(socket) => break socket,
                Err(_) if started.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => panic!("no monitor at {}: {error}", path.display()),
            }
        };
        socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let mut talk = Self { lines: BufReader::new(socket) };
        talk.next("QMP");
        talk.execute("qmp_capabilities");
        talk
    }

    /// Leaves memory that is a file out of the state: it is there already.
    fn leave_shared_memory(&mut self) {
        let capability = serde_json::json!({ "capability": "x-ignore-shared", "state": true });
        self.execute_with("migrate-set-capabilities", &serde_json::json!({ "capabilities": [capability] }));
    }

    fn execute(&mut self, command: &str) -> Value {
        self.execute_with(command, &serde_json::json!({}))
    }

    fn execute_with(&mut self, command: &str, arguments: &Value) -> Value {
        let line = format!("{}\n", serde_json::json!({ "execute": command, "arguments": arguments }));
        self.lines.get_mut().write_all(line.as_bytes()).expect("the monitor takes commands");
        self.next("return")
    }

    /// Passes over events up to the line with this member, whose value it gives.
    fn next(&mut self, member: &str) -> Value {
        loop {
            let mut line = String::new();
            let length = self.lines.read_line(&mut line).expect("the monitor answers");
            assert!(length > 0, "the emulator has ended");
            let mut object: Value = serde_json::from_str(&line).expect("JSON from the monitor");
            assert!(object.get("error").is_none(), "the monitor refuses: {line}");
            if let Some(value) = object.get_mut(member) {
                return value.take();
            }
        }
    }
}

//! The monitor of a running virtual machine, by QEMU's machine protocol (QMP) on a socket.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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

    fn execute(&mut self, command: &str) {
        let line = format!("{}\n", serde_json::json!({ "execute": command }));
        self.lines.get_mut().write_all(line.as_bytes()).expect("the monitor takes commands");
        self.next("return");
    }

    /// Passes over events up to the line with this member.
    fn next(&mut self, member: &str) {
        loop {
            let mut line = String::new();
            let length = self.lines.read_line(&mut line).expect("the monitor answers");
            assert!(length > 0, "the emulator has ended");
            let object: serde_json::Value = serde_json::from_str(&line).expect("JSON from the monitor");
            assert!(object.get("error").is_none(), "the monitor refuses: {line}");
            if object.get(member).is_some() {
                return;
            }
        }
    }
}

//! One run of a guest, from the first file to the script's status.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::super::cpio::Archive;
use super::super::overlay::Overlay;
use super::booted::Booted;
use super::machine::emulator_file;
use super::slot::Slot;
use super::{Guest, GuestRun, Monitor};

impl Guest<'_> {
    pub(super) fn run_with(mut self, watch: Option<impl FnOnce(&Monitor) + Send>) -> GuestRun {
        let folder = tempfile::tempdir().expect("cannot make a temporary folder");
        let (machine, booted) = self.prepare(folder.path());
        let _slot = Slot::take(&self.cache);
        let monitor = Monitor::in_folder(folder.path());
        let (status, watched) = std::thread::scope(|scope| {
            let somebody = &monitor;
            let watcher = scope.spawn(move || {
                booted.iter().for_each(|booted| booted.resume(somebody));
                watch.into_iter().for_each(|watch| watch(somebody));
            });
            (self.attend(machine, folder.path(), &monitor), watcher.join())
        });
        let console = fs::read(folder.path().join("console")).unwrap_or_default();
        let console = String::from_utf8_lossy(&console).replace("\r\n", "\n");
        let marker = fs::read_to_string(folder.path().join("result")).unwrap_or_default();
        let status = status
            .and_then(|()| marker.trim().strip_prefix("exit status ").ok_or("no exit status")?.parse().map_err(|_| "?"))
            .unwrap_or_else(|why| {
                let errors = fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
                panic!("the guest failed: {why}\n{errors}{}", tail(&console))
            });
        watched.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        GuestRun { status, console: output_of_script(&console).to_owned() }
    }

    /// The emulator's command, for a machine that is switched on or, where it is a usual one, for one that has booted before.
    fn prepare(&mut self, folder: &Path) -> (Command, Option<Booted>) {
        let mut machine = self.machine(folder);
        let booted = self.is_usual().then(|| self.booted());
        if let Some(booted) = &booted {
            let disk = folder.join("disk");
            File::create(&disk).expect("cannot write to the temporary folder");
            self.overlay.leave_out_init();
            self.overlay.append_to(&disk, Archive::default()).expect("cannot write the disk");
            booted.await_state(&mut machine, &disk);
        } else {
            let initrd = folder.join("initrd");
            fs::copy(&self.base.archive, &initrd).expect("cannot copy the base archive");
            self.overlay.append_to(&initrd, Archive::default()).expect("cannot write the initramfs");
            machine.arg("-initrd").arg(initrd).arg("-append").arg(self.kernel_line());
        }
        (machine, booted)
    }

    /// The machine that usual ones go on from. Which network they are in is no matter, only whether they are in one.
    fn booted(&self) -> Booted {
        let mut made_of = self.kernel_line();
        for file in [&self.base.archive, &self.base.kernel, &emulator_file(&self.cache)] {
            let facts = fs::metadata(file).expect("what a guest is made of");
            made_of.push_str(&format!(" {} {:?} {:?}", file.display(), facts.len(), facts.modified()));
        }
        // The folder is another one in each run.
        made_of.push_str(&self.options(Path::new("")).join(" "));
        let name = if self.network.is_some() { "network" } else { "alone" };
        Booted::of(&self.cache.path("booted"), name, self.base.memory, &[&made_of, Overlay::INIT], |folder| {
            let initrd = folder.join("initrd");
            fs::copy(&self.base.archive, &initrd).expect("cannot copy the base archive");
            Overlay::with_init(&self.cache).append_to(&initrd, Archive::default()).expect("cannot write the initramfs");
            let mut machine = self.machine(folder);
            machine.arg("-initrd").arg(initrd).arg("-append").arg(self.kernel_line() + " GUEST_KEPT=1");
            machine
        })
    }

    /// Runs the machine to its end.
    fn attend(&self, mut machine: Command, folder: &Path, monitor: &Monitor) -> Result<(), &'static str> {
        let started = Instant::now();
        let mut guest = machine
            .arg("-qmp")
            .arg(monitor.option())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("errors")).expect("cannot write to the temporary folder"))
            .spawn()
            .expect("cannot start the virtual machine");
        loop {
            match guest.try_wait() {
                Ok(None) if started.elapsed() < self.timeout => std::thread::sleep(Duration::from_millis(10)),
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(_)) => return Err("the emulator failed"),
                _ => {
                    let _ = guest.kill();
                    let _ = guest.wait();
                    return Err("it took too long");
                }
            }
        }
    }
}

/// What stands between the two lines that the guest's init writes around the script.
fn output_of_script(console: &str) -> &str {
    let (_, output) = console.split_once(">>> test\n").unwrap_or(("", console));
    output.rsplit_once("<<< test\n").map_or(output, |(output, _)| output)
}

fn tail(console: &str) -> String {
    let lines: Vec<&str> = console.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

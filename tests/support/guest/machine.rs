//! The machine: the emulator's command, and what it boots.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::netns::NO_CLOCK;
use super::super::require::Cache;
use super::{Cpu, Guest};

/// Where the RTC starts where nothing else is said.
pub(super) const RTC: &str = "2019-01-01T00:00:00";

impl Guest<'_> {
    /// Whether all that the machine has when it is switched on is as most have it.
    pub(super) fn is_usual(&self) -> bool {
        let base = self.base.drive.is_none() && self.hardware_clock.is_none();
        base && self.overlay.has_usual_init()
            && !self.is_anew
            && self.has_chance
            && self.cpu == Cpu::Intel
            && self.rtc == RTC
            && self.kernel_args.is_empty()
    }

    /// The command that runs the emulator with the machine, without what it boots from.
    pub(super) fn machine(&self, folder: &Path) -> Command {
        // Dies with the thread that runs the test, whatever happens to that.
        let mut command = match self.network {
            Some(network) => network.command("setpriv"),
            None => Command::new("setpriv"),
        };
        command.args(NO_CLOCK).args(["--pdeathsig", "KILL"]);
        command.args(emulator(&self.cache)).args(self.options(folder));
        command
    }

    /// The emulator's options for the machine, with files in this folder.
    pub(super) fn options(&self, folder: &Path) -> Vec<String> {
        let words = ["-M", "q35,hpet=off", "-accel", "tcg", "-m", self.base.memory, "-no-reboot", "-nodefaults"];
        let mut options = words.map(str::to_owned).to_vec();
        let mut add = |option: &str, value: String| options.extend([option.to_owned(), value]);
        add("-display", "none".to_owned());
        // Without an instruction for random numbers the first who wants one waits for a second.
        let vendor = match self.cpu {
            Cpu::Intel => "GenuineIntel",
            Cpu::Amd => "AuthenticAMD",
        };
        let chance = if self.has_chance { "+rdrand" } else { "-rdrand,-rdseed" };
        add("-cpu", format!("qemu64,vendor={vendor},{chance}"));
        for name in ["console", "result"] {
            add("-serial", format!("file:{}", folder.join(name).display()));
        }
        add("-rtc", format!("base={},clock=vm", self.rtc));
        add("-kernel", self.hardware_clock.as_ref().unwrap_or(&self.base.kernel).display().to_string());
        self.base.drive.iter().for_each(|drive| add("-drive", drive.clone()));
        if self.hardware_clock.is_some() {
            add("-device", "igb,romfile=".to_owned());
        }
        add("-nic", if self.network.is_some() { "user,model=virtio-net-pci" } else { "none" }.to_owned());
        options
    }

    pub(super) fn kernel_line(&self) -> String {
        // no_timer_check: an emulator that has to wait for a processor can fail that check, and the kernel panics.
        // transparent_hugepage: with a huge page anywhere the emulator forgets all pages when it has to forget one. Starting a
        // program takes a third less without.
        let mut line = "console=ttyS0 quiet panic=-1 mitigations=off apparmor=0 audit=0 cryptomgr.notests \
                        clocksource=acpi_pm no_timer_check transparent_hugepage=never"
            .to_owned();
        if self.network.is_some() {
            line.push_str(" GUEST_NET=user");
        }
        for argument in &self.kernel_args {
            line.push(' ');
            line.push_str(argument);
        }
        line
    }
}

/// The emulator and where its parts are: a later one from `tests/fetch-more` where that is there, as it does the same work in two
/// thirds of the time, otherwise this machine's.
pub(super) fn emulator(cache: &Cache) -> Vec<OsString> {
    let tree = cache.path("more/phc");
    if !tree.join("stamp").exists() {
        return vec!["qemu-system-x86_64".into()];
    }
    let folders = [tree.join("usr/share/qemu"), "/usr/share/qemu".into(), "/usr/share/seabios".into()];
    let folders = folders.into_iter().flat_map(|folder| ["-L".into(), folder.into()]);
    [tree.join("usr/bin/qemu-system-x86_64").into()].into_iter().chain(folders).collect()
}

/// The emulator's file, which is another one after an update.
pub(super) fn emulator_file(cache: &Cache) -> PathBuf {
    let program = PathBuf::from(&emulator(cache)[0]);
    let path = env::var_os("PATH").unwrap_or_default();
    // An absolute path stays what it is.
    env::split_paths(&path).map(|folder| folder.join(&program)).find(|file| file.exists()).unwrap_or(program)
}

/// What a guest boots.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) kernel: PathBuf,
    pub(super) archive: PathBuf,
    /// In MiB.
    pub(super) memory: &'static str,
    pub(super) drive: Option<String>,
}

impl Base {
    pub(super) fn bare(cache: &Cache) -> Self {
        Self { kernel: cache.path("vmlinuz"), archive: cache.path("base.cpio"), memory: "320", drive: None }
    }

    pub(super) fn system(cache: &Cache, disk: &Path, keeps: bool) -> Self {
        let snapshot = if keeps { "off" } else { "on" };
        let drive = format!("file={},format=raw,if=virtio,cache=unsafe,snapshot={snapshot}", disk.display());
        Self {
            kernel: cache.path("boot/vmlinuz"),
            archive: cache.path("boot/initrd"),
            memory: "512",
            drive: Some(drive),
        }
    }
}

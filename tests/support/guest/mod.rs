//! A throw-away virtual machine with a clock and an RTC of its own: one shell script, its status and output.
//!
//! The script runs as root in dash, with the real tools of Debian first in `PATH` and busybox's applets last. `probe`
//! (see `probe/main.rs`) reads and sets clocks, `await` (`guest-await.sh`) waits for what was started. Kernel modules load by
//! themselves. The kernel's clock source is the ACPI timer, which runs at the true rate and so keeps step with the RTC and with
//! servers outside; pass `.kernel_arg("clocksource=tsc")` for the CPU's counter.

mod booted;
mod machine;
mod monitor;
mod run;
mod slot;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::netns::Netns;
use super::overlay::Overlay;
use super::require::Cache;
use machine::{Base, RTC};
pub(crate) use monitor::Monitor;

/// The maker of the CPU that the guest sees: an RTC write moves the RTC's tick on Intel's and leaves it where it is on AMD's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cpu {
    Intel,
    Amd,
}

/// A virtual machine to be run.
#[derive(Debug)]
pub(crate) struct Guest<'a> {
    cache: Cache,
    base: Base,
    rtc: String,
    cpu: Cpu,
    has_chance: bool,
    kernel_args: Vec<String>,
    overlay: Overlay,
    network: Option<&'a Netns>,
    /// The kernel of a machine with a hardware clock.
    hardware_clock: Option<PathBuf>,
    /// Whether it has to be switched on, though another has booted already.
    is_anew: bool,
    timeout: Duration,
}

/// The modules of a network card with a clock, in the order in which they are inserted.
const PHC_MODULES: [&str; 3] = ["i2c-algo-bit", "dca", "igb"];

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct GuestRun {
    /// The script's exit status.
    pub(crate) status: i32,
    /// What the script wrote, both streams, lines ended by `\n`.
    pub(crate) console: String,
}

impl GuestRun {
    /// The console, after a check that the script succeeded.
    pub(crate) fn success(self) -> String {
        assert_eq!(self.status, 0, "the script failed:\n{}", self.console);
        self.console
    }

    /// The rest of the first console line that starts with `key` and a space.
    pub(crate) fn value(&self, key: &str) -> &str {
        let found = self.console.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no line {key:?} in\n{}", self.console))
    }

    /// [`Self::value`] as a number.
    pub(crate) fn number(&self, key: &str) -> f64 {
        let value = self.value(key);
        value.parse().unwrap_or_else(|_| panic!("{key} is no number: {value}"))
    }
}

impl<'a> Guest<'a> {
    /// A guest of the default kind: an Intel CPU, an RTC at 2019-01-01, no network. The cache comes from
    /// [`super::require::guest`].
    pub(crate) fn new(cache: &Cache) -> Self {
        Self::of(cache, Base::bare(cache), Overlay::new(cache))
    }

    /// A Debian system that boots from a disk, with systemd as its first process. What is written goes with the guest, unless
    /// `keeps` says otherwise. The disk comes from [`super::require::system`], or from a guest that kept it.
    pub(crate) fn system(cache: &Cache, disk: &Path, keeps: bool) -> Self {
        Self::of(cache, Base::system(cache, disk, keeps), Overlay::on_disk(cache)).kernel_arg("net.ifnames=0")
    }

    fn of(cache: &Cache, base: Base, overlay: Overlay) -> Self {
        Self {
            cache: cache.clone(),
            base,
            rtc: RTC.to_owned(),
            cpu: Cpu::Intel,
            has_chance: true,
            kernel_args: Vec::new(),
            overlay,
            network: None,
            hardware_clock: None,
            is_anew: false,
            timeout: Duration::from_secs(90),
        }
    }

    /// Where the RTC starts when the machine is switched on, as `2019-01-01T00:00:00`.
    pub(crate) fn rtc(mut self, base: &str) -> Self {
        base.clone_into(&mut self.rtc);
        self
    }

    pub(crate) fn cpu(mut self, cpu: Cpu) -> Self {
        self.cpu = cpu;
        self
    }

    /// Takes away all that random numbers could come from at boot: the processor's instruction, and trust in what is handed over.
    pub(crate) fn without_chance(mut self) -> Self {
        self.has_chance = false;
        self.kernel_arg("random.trust_cpu=off").kernel_arg("random.trust_bootloader=off")
    }

    /// Adds to the kernel's command line. What the kernel does not know, `NAME=value`, reaches the script's environment.
    pub(crate) fn kernel_arg(mut self, argument: &str) -> Self {
        self.kernel_args.push(argument.to_owned());
        self
    }

    /// Copies a file of this machine to a path in the guest.
    pub(crate) fn file(mut self, source: impl AsRef<Path>, target: &str, mode: u32) -> Self {
        self.overlay.file(source.as_ref(), target, mode);
        self
    }

    /// Puts text at a path in the guest.
    pub(crate) fn text(mut self, target: &str, text: &str) -> Self {
        self.overlay.content(target, 0o644, text.as_bytes().to_vec());
        self
    }

    /// Copies a program, such as `env!("CARGO_BIN_EXE_rntpdate")`, to /usr/bin, with the libraries it needs.
    pub(crate) fn program(mut self, path: impl AsRef<Path>) -> Self {
        self.overlay.program(path.as_ref());
        self
    }

    /// Copies a program or a library of a tree of `tests/fetch-more` to its own path, with the libraries it needs.
    pub(crate) fn part(mut self, tree: &Path, path: &str, mode: u32) -> Self {
        self.overlay.part(tree, path, mode);
        self
    }

    /// Connects the guest's eth0 (10.0.2.15, fec0::15) to a namespace: its 127.0.0.1 and ::1 are 10.0.2.2 and fec0::2.
    pub(crate) fn network(mut self, network: &'a Netns) -> Self {
        self.network = Some(network);
        self
    }

    /// A machine with a network card that nothing is connected to, and whose clock is /dev/ptp0: by the kernel of a tree of
    /// `tests/fetch-more`, whose emulator is needed too. The driver sets that clock to the system clock when the script begins.
    pub(crate) fn hardware_clock(mut self, tree: &Path) -> Self {
        for module in PHC_MODULES {
            let name = format!("{module}.ko");
            self.overlay.file(&tree.join("modules").join(&name), &format!("/usr/lib/phc/{name}"), 0o644);
        }
        self.hardware_clock = Some(tree.join("vmlinuz"));
        self
    }

    /// A boot of its own, which no other guest has had: for what a later boot tells from an earlier one.
    pub(crate) fn booted_anew(mut self) -> Self {
        self.is_anew = true;
        self
    }

    /// How long the whole run may take, 90 s if not said, once one of the slots is free.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the script, a shell's.
    pub(crate) fn script(mut self, script: &str) -> Self {
        self.overlay.content("/test/script", 0o644, script.as_bytes().to_vec());
        self
    }

    /// Boots, or goes on from a boot that there was, runs the script, powers off.
    ///
    /// # Panics
    /// When the guest ends without a status or takes longer than its timeout, with the end of the console.
    pub(crate) fn run(self) -> GuestRun {
        self.run_with(None::<fn(&Monitor)>)
    }

    /// The same with somebody at the machine's monitor meanwhile, who has to go by himself.
    pub(crate) fn run_beside(self, watch: impl FnOnce(&Monitor) + Send) -> GuestRun {
        self.run_with(Some(watch))
    }
}

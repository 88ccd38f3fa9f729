//! A throw-away virtual machine with a clock and an RTC of its own: one boot, one shell script, its status and output.
//!
//! The script runs as root in dash, with the real tools of Debian first in `PATH` and busybox's applets last. `probe`
//! (see `probe/main.rs`) reads and sets clocks, `await` (`guest-await.sh`) waits for what was started. Kernel modules load by themselves. The kernel's clock source is the
//! ACPI timer, which runs at the true rate and so keeps step with the RTC and with servers outside; pass
//! `.kernel_arg("clocksource=tsc")` for the CPU's counter.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::booted::Booted;
use super::cpio::Archive;
use super::monitor::Monitor;
use super::netns::{NO_CLOCK, Netns};
use super::overlay::Overlay;
use super::require::Cache;

/// How many guests run at once: one more than there are processors, as they wait for most of the time. More would make each other
/// late.
fn slots() -> usize {
    1 + std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The maker of the CPU that the guest sees: an RTC write moves the RTC's tick on Intel's and leaves it where it is on AMD's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cpu {
    Intel,
    Amd,
}

/// Where the RTC starts where nothing else is said.
const RTC: &str = "2019-01-01T00:00:00";

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
    /// Whether it leaves the processor to others for nearly all of its time.
    is_idle: bool,
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
            is_idle: false,
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

    /// A script that waits for minutes and does little, which others need not wait for: it takes none of the slots.
    pub(crate) fn idle(mut self) -> Self {
        self.is_idle = true;
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

    /// Boots, runs the script, powers off.
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

    fn run_with(mut self, watch: Option<impl FnOnce(&Monitor) + Send>) -> GuestRun {
        let folder = tempfile::tempdir().expect("cannot make a temporary folder");
        let (machine, booted) = self.prepare(folder.path());
        let _slot = (!self.is_idle).then(|| Slot::take(&self.cache));
        let monitor = Monitor::in_folder(folder.path());
        let status = std::thread::scope(|scope| {
            let somebody = &monitor;
            scope.spawn(move || {
                booted.iter().for_each(|booted| booted.resume(somebody));
                watch.into_iter().for_each(|watch| watch(somebody));
            });
            self.attend(machine, folder.path(), &monitor)
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

    /// What usual machines go on from. All that a network is to it is that it is there.
    fn booted(&self) -> Booted {
        let archive = fs::metadata(&self.base.archive).expect("the base archive");
        let made_of =
            format!("{:?} {:?} {} {:?}", archive.len(), archive.modified(), self.kernel_line(), emulator(&self.cache));
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

    /// Whether all that the machine has when it is switched on is as most have it.
    fn is_usual(&self) -> bool {
        let base = self.base.drive.is_none() && self.hardware_clock.is_none();
        base && !self.is_anew
            && self.has_chance
            && self.cpu == Cpu::Intel
            && self.rtc == RTC
            && self.kernel_args.is_empty()
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

    /// The emulator with the machine, without what it boots from.
    fn machine(&self, folder: &Path) -> Command {
        // Dies with the thread that runs the test, whatever happens to that.
        let mut command = match self.network {
            Some(network) => network.command("setpriv"),
            None => Command::new("setpriv"),
        };
        command.args(NO_CLOCK).args(["--pdeathsig", "KILL"]);
        command.args(emulator(&self.cache));
        command.args(["-M", "q35,hpet=off", "-accel", "tcg", "-m", self.base.memory, "-no-reboot", "-nodefaults"]);
        command.args(["-display", "none", "-cpu"]);
        // Without an instruction for random numbers the first who wants one waits for a second.
        let vendor = match self.cpu {
            Cpu::Intel => "GenuineIntel",
            Cpu::Amd => "AuthenticAMD",
        };
        let chance = if self.has_chance { "+rdrand" } else { "-rdrand,-rdseed" };
        command.arg(format!("qemu64,vendor={vendor},{chance}"));
        for name in ["console", "result"] {
            command.arg("-serial").arg(format!("file:{}", folder.join(name).display()));
        }
        command.arg("-rtc").arg(format!("base={},clock=vm", self.rtc));
        command.arg("-kernel").arg(self.hardware_clock.as_ref().unwrap_or(&self.base.kernel));
        command.args(self.base.drive.iter().flat_map(|drive| ["-drive", drive]));
        if self.hardware_clock.is_some() {
            command.args(["-device", "igb,romfile="]);
        }
        command.args(["-nic", if self.network.is_some() { "user,model=virtio-net-pci" } else { "none" }]);
        command
    }

    fn kernel_line(&self) -> String {
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
fn emulator(cache: &Cache) -> Vec<OsString> {
    let tree = cache.path("more/phc");
    if !tree.join("stamp").exists() {
        return vec!["qemu-system-x86_64".into()];
    }
    let folders = [tree.join("usr/share/qemu"), "/usr/share/qemu".into(), "/usr/share/seabios".into()];
    let folders = folders.into_iter().flat_map(|folder| ["-L".into(), folder.into()]);
    [tree.join("usr/bin/qemu-system-x86_64").into()].into_iter().chain(folders).collect()
}

/// What a guest boots.
#[derive(Debug)]
struct Base {
    kernel: PathBuf,
    archive: PathBuf,
    memory: &'static str,
    drive: Option<String>,
}

impl Base {
    fn bare(cache: &Cache) -> Self {
        Self { kernel: cache.path("vmlinuz"), archive: cache.path("base.cpio"), memory: "320", drive: None }
    }

    fn system(cache: &Cache, disk: &Path, keeps: bool) -> Self {
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

/// What stands between the two lines that the guest's init writes around the script.
fn output_of_script(console: &str) -> &str {
    let (_, output) = console.split_once(">>> test\n").unwrap_or(("", console));
    output.rsplit_once("<<< test\n").map_or(output, |(output, _)| output)
}

fn tail(console: &str) -> String {
    let lines: Vec<&str> = console.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

/// One of the places for running guests, shared by all test processes that share a cache.
struct Slot(#[allow(dead_code, reason = "held for its lock")] nix::fcntl::Flock<File>);

impl Slot {
    fn take(cache: &Cache) -> Self {
        loop {
            for number in 0..slots() {
                let path = cache.path(&format!(".slot{number}"));
                let file = File::create(path).expect("cannot write to the test cache");
                if let Ok(lock) = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock) {
                    return Self(lock);
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

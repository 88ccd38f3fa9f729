//! The packages: built, looked into, judged by lintian, and their program run.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod rpm;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::require;

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

#[track_caller]
fn success(command: &mut Command) -> String {
    let output = output(command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// A subcommand of cargo that tests/fetch has built, run in the project's folder. Its own files go to a folder of their own,
/// so that it waits for no other cargo.
fn cargo(tool: &Path) -> Command {
    let mut command = Command::new(tool);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("CARGO_TARGET_DIR", target());
    command
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/package")
}

fn release() {
    success(
        Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CARGO_TARGET_DIR", target()),
    );
}

const FILES: [&str; 26] = [
    "/lib/systemd/system/rntpdate-boot.service",
    "/lib/systemd/system/rntpdate.service",
    "/lib/systemd/system/rntpdate.timer",
    "/usr/sbin/rhwclock",
    "/usr/sbin/rntpdate",
    "/usr/share/bash-completion/completions/rhwclock",
    "/usr/share/bash-completion/completions/rntpdate",
    "/usr/share/doc/rntpdate/README.Debian",
    "/usr/share/doc/rntpdate/README.md",
    "/usr/share/doc/rntpdate/changelog.Debian.gz",
    "/usr/share/doc/rntpdate/copyright",
    "/usr/share/doc/rntpdate/examples/rntpdate.cron",
    "/usr/share/doc/rntpdate/examples/rntpdate.dashboard.json",
    "/usr/share/doc/rntpdate/examples/rntpdate.ifupdown",
    "/usr/share/doc/rntpdate/examples/rntpdate.init",
    "/usr/share/doc/rntpdate/examples/rntpdate.networkmanager",
    "/usr/share/doc/rntpdate/examples/rntpdate.openrc",
    "/usr/share/doc/rntpdate/examples/rntpdate.rules.yml",
    "/usr/share/doc/rntpdate/rntpdate-fleet.schema.json",
    "/usr/share/doc/rntpdate/rntpdate.schema.json",
    "/usr/share/fish/vendor_completions.d/rhwclock.fish",
    "/usr/share/fish/vendor_completions.d/rntpdate.fish",
    "/usr/share/man/man8/rhwclock.8.gz",
    "/usr/share/man/man8/rntpdate.8.gz",
    "/usr/share/zsh/vendor-completions/_rhwclock",
    "/usr/share/zsh/vendor-completions/_rntpdate",
];

#[test]
fn the_packages_hold_what_they_should_and_work() {
    let (Some(deb), Some(rpm)) = (require::cargo_tool("cargo-deb"), require::cargo_tool("cargo-generate-rpm")) else {
        return;
    };
    if !require::present("dpkg-deb") || !require::present("lintian") || !require::present("rpm") {
        return;
    }
    release();
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("rntpdate.deb");
    success(cargo(&deb).args(["--no-build", "--output"]).arg(&package));
    debian(&package);
    let package = folder.path().join("rntpdate.rpm");
    success(cargo(&rpm).args([
        "--target-dir".as_ref(),
        target().as_os_str(),
        "--output".as_ref(),
        package.as_os_str(),
    ]));
    red_hat(&package);
}

fn debian(package: &Path) {
    let root = tempfile::tempdir().unwrap();
    success(Command::new("dpkg-deb").arg("-x").arg(package).arg(root.path()));
    let listing = success(Command::new("find").arg(root.path()).args(["-not", "-type", "d", "-printf", "/%P\n"]));
    let mut files: Vec<&str> = listing.lines().collect();
    files.sort_unstable();
    assert_eq!(files, FILES, "no link named ntpdate or hwclock, nothing in /etc");
    let program = root.path().join("usr/sbin/rntpdate");
    let words = success(Command::new(&program).arg("--self-test"));
    assert!(words.contains("self-test passed"), "{words}");
    success(Command::new(root.path().join("usr/sbin/rhwclock")).arg("--version"));
    let depends = success(Command::new("dpkg-deb").arg("-f").arg(package).arg("Depends"));
    assert!(depends.contains("libc6"), "{depends}");
    let purge = success(Command::new("dpkg-deb").arg("-I").arg(package).arg("postrm"));
    assert!(purge.contains("rm -rf /var/lib/rntpdate"), "what runs have learned goes with a purge: {purge}");
    // No address of the maintainers is known yet; who builds for others gives one. A failed unit of a package that is gone is
    // forgotten by systemctl alone, not by Debian's helpers.
    let judged = output(
        Command::new("lintian")
            .args([
                "--allow-root",
                "--no-cfg",
                "--fail-on",
                "error,warning",
                "--suppress-tags",
                "bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs,\
                 maintainer-script-calls-systemctl",
            ])
            .arg(package),
    );
    let verdict = String::from_utf8_lossy(&judged.stdout).into_owned() + &String::from_utf8_lossy(&judged.stderr);
    assert!(judged.status.success(), "{verdict}");
    names_only_when_asked(root.path());
}

/// The names of the programs that these replace are taken by update-alternatives, and given back.
fn names_only_when_asked(root: &Path) {
    for folder in ["etc/alternatives", "var/lib/dpkg/alternatives"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let alternatives = |arguments: &[&str]| {
        let path = |folder: &str| root.join(folder);
        success(
            Command::new("update-alternatives")
                .arg("--altdir")
                .arg(path("etc/alternatives"))
                .arg("--admindir")
                .arg(path("var/lib/dpkg/alternatives"))
                .arg("--log")
                .arg(path("log"))
                .args(arguments),
        )
    };
    let (link, program) = (root.join("usr/sbin/ntpdate"), root.join("usr/sbin/rntpdate"));
    let (link, program) = (link.to_str().unwrap(), program.to_str().unwrap());
    alternatives(&["--install", link, "ntpdate", program, "10"]);
    // Under that name it is ntpdate, in its lines too.
    let refused = output(Command::new(link).args(["-p", "9", "127.0.0.1"]));
    assert!(String::from_utf8_lossy(&refused.stderr).starts_with("ntpdate: number of samples"), "{refused:?}");
    alternatives(&["--remove", "ntpdate", program]);
    assert!(!Path::new(link).exists());
}

fn red_hat(package: &Path) {
    let listing = success(Command::new("rpm").args(["-qlp", "--nosignature"]).arg(package));
    for file in [
        "/usr/sbin/rntpdate",
        "/usr/sbin/rhwclock",
        "/usr/lib/systemd/system/rntpdate.timer",
        "/usr/share/man/man8/rntpdate.8",
        "/usr/share/zsh/site-functions/_rntpdate",
        "/usr/share/licenses/rntpdate/LICENSE-MIT",
    ] {
        assert!(listing.lines().any(|line| line == file), "{file}:\n{listing}");
    }
    assert!(
        !listing.contains("/etc/") && !listing.contains("bin/ntpdate") && !listing.contains("bin/hwclock"),
        "{listing}"
    );
    let facts = success(Command::new("rpm").args(["-qip", "--nosignature"]).arg(package));
    assert!(facts.contains("MIT OR Apache-2.0") && facts.contains(env!("CARGO_PKG_VERSION")), "{facts}");
}

//! The RPM at rpm's own hands, in a root of its own: its dependencies, an upgrade, and a removal that leaves nothing.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{cargo, output, release, success, target};
use crate::support::require;

/// A root directory with an rpm database, and the shell that the package's scripts run in.
struct Root {
    folder: tempfile::TempDir,
}

impl Root {
    fn new(busybox: &Path) -> Self {
        let root = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["bin", "dev", "etc", "run", "tmp", "usr/lib", "usr/sbin", "usr/share/doc", "var/lib", "var/tmp"]
        {
            fs::create_dir_all(root.path(folder)).unwrap();
        }
        fs::write(root.path("dev/null"), "").unwrap();
        fs::copy(busybox, root.path("bin/busybox")).unwrap();
        for applet in ["sh", "rm", "rmdir"] {
            symlink("busybox", root.path(&format!("bin/{applet}"))).unwrap();
        }
        success(&mut root.rpm(&["--initdb"]));
        root
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn rpm(&self, arguments: &[&str]) -> Command {
        let mut rpm = Command::new("rpm");
        rpm.arg("--root").arg(self.folder.path()).args(["--dbpath", "/var/lib/rpm", "--nosignature"]).args(arguments);
        rpm
    }

    /// What is there, without folders that other packages have as well, and the database.
    fn files(&self) -> BTreeSet<String> {
        let mut find = Command::new("find");
        find.arg(self.folder.path()).args(["-path", "*/var/lib/rpm", "-prune", "-o", "-printf", "%y /%P\n"]);
        let shared =
            |line: &&str| !line.starts_with("d ") || line.contains("rntpdate") || line.contains("systemd/system/");
        success(&mut find).lines().filter(shared).map(str::to_owned).collect()
    }
}

/// A package that provides what another one requires of a system, made by rpmbuild.
fn stand_in(folder: &Path, package: &Path) -> PathBuf {
    let requires = success(Command::new("rpm").args(["-qp", "--nosignature", "--requires"]).arg(package));
    let names: BTreeSet<&str> = requires.lines().filter(|line| !line.starts_with("rpmlib(")).collect();
    // Libraries that every system has, and the shell of the scripts.
    let usual = ["/bin/sh", "ld-linux-x86-64.so.2", "libc.so.6", "libgcc_s.so.1", "libm.so.6", "rtld(GNU_HASH)"];
    for name in &names {
        assert!(usual.iter().any(|usual| name.starts_with(usual)), "{name} is required");
    }
    let provides: String = names.iter().map(|name| format!("Provides: {name}\n")).collect();
    let spec = folder.join("system.spec");
    let head = "Name: system\nVersion: 1\nRelease: 1\nSummary: A system\nLicense: none\nBuildArch: noarch\n";
    fs::write(&spec, format!("{head}{provides}%description\nA system.\n%files\n")).unwrap();
    let define = |name: &str| format!("{name} {}", folder.join("built").display());
    success(
        Command::new("rpmbuild")
            .args(["-bb", "--quiet", "--define", &define("_topdir"), "--define", &define("_rpmdir")])
            .arg(&spec),
    );
    folder.join("built/noarch/system-1-1.noarch.rpm")
}

/// The package in a version.
fn build(tool: &Path, folder: &Path, version: &str) -> PathBuf {
    let package = folder.join(format!("rntpdate-{version}.rpm"));
    let mut cargo = cargo(tool);
    cargo.args(["--payload-compress", "none", "--set-metadata"]).arg(format!("version = \"{version}\""));
    success(cargo.arg("--target-dir").arg(target()).arg("--output").arg(&package));
    package
}

#[test]
fn rpm_installs_upgrades_and_erases_without_a_trace() {
    let (Some(tool), Some(cache)) = (require::cargo_tool("cargo-generate-rpm"), require::servers()) else { return };
    if !require::present("rpm") || !require::present("rpmbuild") {
        return;
    }
    release();
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (build(&tool, folder.path(), "0.0.9"), build(&tool, folder.path(), env!("CARGO_PKG_VERSION")));
    let root = Root::new(&cache.root().join("usr/bin/busybox"));
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    // Nothing is there that it needs: rpm says what, and installs nothing.
    let refused = output(&mut root.rpm(&["-i", old]));
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("libc.so.6"), "{words}");
    success(&mut root.rpm(&["-i", stand_in(folder.path(), Path::new(new)).to_str().unwrap()]));
    let before = root.files();

    success(&mut root.rpm(&["-i", old]));
    assert_eq!(success(&mut root.rpm(&["-q", "rntpdate"])), "rntpdate-0.0.9-1.x86_64\n");
    let owner = success(&mut root.rpm(&["-qf", "/usr/lib/systemd/system/rntpdate.timer"]));
    assert_eq!(owner, "rntpdate-0.0.9-1.x86_64\n");
    // What systemctl enable makes, and what runs leave.
    let links = ["timers.target.wants/rntpdate.timer", "time-sync.target.requires/rntpdate-boot.service"]
        .map(|link| root.path(&format!("etc/systemd/system/{link}")));
    for link in &links {
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let unit = Path::new("/usr/lib/systemd/system").join(link.file_name().unwrap());
        symlink(unit, link).unwrap();
    }
    fs::create_dir_all(root.path("var/lib/rntpdate")).unwrap();
    fs::write(root.path("var/lib/rntpdate/history"), "x").unwrap();

    success(&mut root.rpm(&["-U", new]));
    let all = success(&mut root.rpm(&["-qa", "rntpdate"]));
    assert_eq!(all, format!("rntpdate-{}-1.x86_64\n", env!("CARGO_PKG_VERSION")));
    // All files are as they were packed; what was enabled and learned is kept.
    assert_eq!(success(&mut root.rpm(&["-V", "rntpdate"])), "");
    assert!(links.iter().all(|link| link.is_symlink()) && root.path("var/lib/rntpdate/history").exists());

    success(&mut root.rpm(&["-e", "rntpdate"]));
    assert!(!output(&mut root.rpm(&["-q", "rntpdate"])).status.success());
    let left: Vec<_> = root.files().difference(&before).cloned().collect();
    assert_eq!(left, [""; 0]);
}

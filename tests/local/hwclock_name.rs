//! README.Debian's way to the name hwclock, in a root directory of its own: it outlives upgrades and removals of both packages.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs;
use std::process::Command;

use crate::support::require;

const README: &str = include_str!("../../contrib/debian/README.Debian");
const PRERM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/debian/prerm");

/// The commands that follow a line of the file which starts like this.
fn commands(start: &str) -> String {
    let after = README.lines().skip_while(|line| !line.starts_with(start)).skip_while(|line| !line.starts_with("    "));
    after.take_while(|line| line.starts_with("    ")).collect::<Vec<_>>().join("\n")
}

/// A machine with the packages in their first versions, and what happens to it. `said FILE` prints what is found behind a name.
fn script(theirs: &str) -> String {
    let (take, back) = (commands("Under the name of hwclock"), commands("And back"));
    format!(
        r#"
        mkdir -p root/var/lib/dpkg/updates root/var/lib/dpkg/info root/var/lib/dpkg/alternatives root/etc/alternatives
        mkdir -p root/usr/sbin root/var/log; ln -s usr/sbin root/sbin; : >root/var/lib/dpkg/status
        pack() {{
            rm -rf p; mkdir -p p/DEBIAN "p${{3%/*}}"; echo "$4" >"p$3"
            printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n' "$1" "$2" >p/DEBIAN/control
            [ -z "${{5-}}" ] || install -m 755 "$5" p/DEBIAN/prerm
            dpkg-deb --build p "$1-$2.deb" >/dev/null
        }}
        pack util-linux-extra 1 {theirs} 'theirs 1'; pack util-linux-extra 2 {theirs} 'theirs 2'
        pack rntpdate 1 /usr/sbin/rhwclock 'ours 1' {PRERM}; pack rntpdate 2 /usr/sbin/rhwclock 'ours 2' {PRERM}
        export DPKG_ROOT="$PWD/root"
        packages() {{ dpkg --root="$DPKG_ROOT" --force-script-chrootless --force-not-root "$@" >/dev/null 2>&1; }}
        said() {{
            file=root$1
            while [ -L "$file" ]; do file=root$(readlink "$file"); done
            echo "$2: $(cat "$file")"
        }}
        packages -i util-linux-extra-1.deb rntpdate-1.deb
        ( {take} ) >/dev/null; said /usr/sbin/hwclock taken
        packages -i util-linux-extra-2.deb; said /usr/sbin/hwclock 'their upgrade'
        packages -i rntpdate-2.deb; ( {take} ) >/dev/null 2>&1 || true; said /usr/sbin/hwclock 'our upgrade'
        packages -r rntpdate; said /usr/sbin/hwclock 'our removal'
        ( {back} ) >/dev/null; said /usr/sbin/hwclock back; ls root/usr/sbin
        "#
    )
}

#[test]
fn upgrades_and_removals_leave_an_hwclock() {
    if !nix::unistd::geteuid().is_root()
        || !["dpkg-divert", "update-alternatives"].iter().all(|tool| require::present(tool))
    {
        return;
    }
    // Debian 12, and its successors.
    for theirs in ["/sbin/hwclock", "/usr/sbin/hwclock"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("script"), script(theirs)).unwrap();
        let output = Command::new("sh").args(["-e", "script"]).current_dir(folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let expected = "taken: ours 1\ntheir upgrade: ours 1\nour upgrade: ours 2\nour removal: theirs 2\nback: theirs 2\nhwclock\n";
        assert_eq!(said, expected, "{theirs}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

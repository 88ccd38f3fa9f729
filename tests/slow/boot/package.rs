//! The package on a machine that runs.

use super::{Installed, contains, none};
use crate::support::lab::lines;

#[test]
fn apt_installs_the_package_which_does_nothing_by_itself_and_upgrades_what_was_enabled() {
    let Some(installed) = Installed::get() else { return };
    let run = &installed.run;
    assert_eq!(run.status, 0, "{}", run.console);
    contains(
        run,
        &[
            "installed install ok installed 0.0.9-1\n",
            "fresh rntpdate.timer disabled inactive\n",
            "fresh rntpdate-boot.service disabled inactive\n",
            "clock untouched\n",
            "name ntpdate \n",
            "name hwclock /usr/sbin/hwclock\n",
            "step time server 10.0.2.2 offset +",
            "first-run success 0\n",
            concat!("upgraded install ok installed ", env!("CARGO_PKG_VERSION"), "-1\n"),
            "the old file is gone\n",
            "run-status 0\n",
        ],
    );
    let added = lines(run, "added");
    assert!(added.len() > 20, "{added:?}");
    assert!(!added.iter().any(|path| path.starts_with("/etc") || path.starts_with("/var")), "{added:?}");
    // systemd knows the new units, and the timer goes on.
    let known = lines(run, "description");
    assert!(known.len() == 3 && known.iter().all(|line| line.contains(" Set the clock")), "{known:?}");
    assert!(run.console.contains("\nenabled\nenabled\nactive\n# end\n"), "{}", run.console);
    none(run, "failed");
    super::shown::check("An upgrade", run, "upgrade");
}

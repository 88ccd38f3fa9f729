//! A user whom a real sudo lets run `rntpdate -q *` and `rhwclock --test *` as root, with any options: what is closed to that user
//! stays closed, is not even known to be there, and nothing is written.

use std::path::Path;
use std::time::Duration;

use super::{Lab, TOOLS, lines};
use crate::support::guest::GuestRun;
use crate::support::require;

/// In all that is closed to the user.
const SECRET: &str = "hunter2";

/// The user, the rules, and what root has. `m NAME COMMAND…` runs a command as the user does; `pair NAME COMMAND` does it twice,
/// with `vault` in place of each % and with `empty`: nothing may tell the two apart.
const PRELUDE: &str = r#"
chmod 755 / /etc /tmp; chmod 1777 /tmp; chmod 440 /etc/sudoers; chmod 700 /root
echo 'mallory:x:1000:1000::/tmp/mallory:/bin/sh' >>/etc/passwd; echo 'mallory:x:1000:' >>/etc/group
mkdir -p /etc/pam.d; echo '127.0.0.1 guest' >>/etc/hosts
printf '%s\n' 'auth sufficient pam_permit.so' 'account sufficient pam_permit.so' 'session sufficient pam_permit.so' >/etc/pam.d/sudo
mkdir -p /run/sudo /root/vault/state /root/vault/conf.d /tmp/mallory
cd /root/vault
echo 'hunter2.example' | tee list hosts ntp.conf >/dev/null
echo 'server hunter2.example iburst' | tee chrony.conf conf.d/hunter2.conf conf.d/hunter2.sources >/dev/null
printf '7 MD5 hunter2\n7 hunter2\n' >keys; echo 'hunter2 -3.25' >drift
printf 'rntpdate history 1\nhunter2\n' >history; printf '0.5 7 hunter2\n7\nLOCAL\n' >adjtime
cp /usr/share/zoneinfo/Asia/Kathmandu zone
cat /proc/sys/kernel/random/boot_id >state/set; (cat state/set; echo 10.0.2.2 900) >state/rate
chmod -R go= /root/vault
echo 'root:hunter2:1:0:99999:7:::' >/etc/shadow; chmod 640 /etc/shadow
cd /tmp/mallory
echo 'server 10.0.2.2' >own.conf; printf '5 MD5 mallorys\n' | tee own.keys >/etc/ntp.keys; chmod 600 own.keys /etc/ntp.keys
for place in vault empty; do
    printf 'include /root/%s/chrony.conf\nserver 10.0.2.2\n' $place >include-$place.conf
    printf 'confdir /root/%s/conf.d\nsourcedir /root/%s/conf.d\nkeyfile /root/%s/keys\nserver 10.0.2.2 key 7\n' $place $place $place >confdir-$place.conf
    ln -s /root/$place link-$place; ln -s /root/$place/list list-$place; mkdir state-$place
    ln -s /root/$place/x.prom $place.prom
    ln -s /root/$place/state/set state-$place/set; ln -s /root/$place/state/rate state-$place/rate
done
mkfifo fifo; mkdir fifos; mkfifo fifos/set fifos/rate
echo 'rntpdate_up 1' >/root/vault/x.prom; ln -s /etc/nologin new.prom
chown -Rh 1000:1000 /tmp/mallory
m() {
    local name=$1 begun; shift
    begun=$(cut -d. -f1 /proc/uptime)
    timeout 30 /usr/bin/setpriv --reuid 1000 --regid 1000 --clear-groups env -i PATH=$PATH HOME=/tmp/mallory $MORE /usr/bin/sudo -n "$@" </dev/null >/tmp/out 2>&1
    echo "$name-status $?"
    echo "$name-seconds $(($(cut -d. -f1 /proc/uptime) - begun))"
    sed "s/^/$name-text /" /tmp/out
}
pair() {
    local place
    for place in vault empty; do eval "m $1-$place $(echo "$2" | sed "s/%/$place/g")"; done
}
# All that root has, with its times.
snapshot() { find / -xdev -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -path /tmp -prune -o -path /run/sudo -prune -o -print | sort | xargs stat -c '%n %f %s %u %g %i %y %z' >$1 2>/dev/null; }
# The difference between the clock and the time since boot, in seconds.
moved() { echo "$1 $(($(date +%s) - $(cut -d. -f1 /proc/uptime)))"; }
"#;

fn sudo(lab: &Lab, tree: &Path, script: &str) -> GuestRun {
    const RULES: &str = "mallory ALL=(root) NOPASSWD: /usr/bin/rntpdate -q *, /usr/bin/rhwclock --test *\n";
    let mut guest = lab.guest(&format!("{TOOLS}{PRELUDE}{script}")).program(env!("CARGO_BIN_EXE_rhwclock"));
    guest = guest.part(tree, "usr/bin/sudo", 0o4755).text("/etc/sudoers", RULES);
    let security = "lib/x86_64-linux-gnu/security/pam_permit.so";
    for path in ["usr/libexec/sudo/sudoers.so", "usr/libexec/sudo/libsudo_util.so.0", security] {
        guest = guest.part(tree, path, 0o644);
    }
    let run = guest.timeout(Duration::from_secs(600)).run();
    assert_eq!(run.status, 0, "{}", run.console);
    run
}

/// A command's status and lines, without numbers (of processes, times, offsets) and how a write would have kept its moment, and
/// with one name for both places.
fn seen(run: &GuestRun, name: &str, place: &str) -> Vec<String> {
    let mut text = lines(run, &format!("{name}-{place}-text"));
    text.retain(|line| !line.starts_with("Written "));
    let lines = text.into_iter().chain([run.value(&format!("{name}-{place}-status"))]);
    lines.map(|line| without_numbers(line).replace(place, "PLACE")).collect()
}

fn without_numbers(line: &str) -> String {
    line.replace(|c: char| c.is_ascii_digit(), "")
}

/// Each `pair` in a script, by its name.
fn pairs(script: &str) -> impl Iterator<Item = &str> {
    script.lines().filter_map(|line| line.trim().strip_prefix("pair ")?.split(' ').next())
}

#[track_caller]
fn assert_closed(run: &GuestRun, script: &str) {
    println!("{}", run.console);
    assert!(!run.console.contains(SECRET), "a secret is out: {}", run.console);
    let told: Vec<&str> = pairs(script).filter(|name| seen(run, name, "vault") != seen(run, name, "empty")).collect();
    assert!(told.is_empty(), "what is there is told from what is not: {told:?}\n{}", run.console);
    assert!(pairs(script).count() > 5, "the script has no pairs");
}

const QUERY: &str = "rntpdate -q -p 1 -t 1";

#[test]
fn what_is_closed_to_the_user_of_a_rule_stays_closed() {
    let (Some(lab), Some(tree)) = (Lab::new(), require::more("sudo")) else { return };
    let script = r#"
        snapshot /tmp/before; moved before
        m whoami rntpdate -q -p 1 10.0.2.2
        m refused rntpdate -b 10.0.2.2
        m own Q --from /tmp/mallory/own.conf
        m ownkey Q -v -a 5 -k /tmp/mallory/own.keys 10.0.2.2
        pair from 'Q --from /root/%/list'
        pair chrony 'Q -v --from /root/%/chrony.conf'
        pair folder 'Q --from /root/%'
        pair include 'Q -v --from /tmp/mallory/include-%.conf'
        pair confdir 'Q -v -a 7 --from /tmp/mallory/confdir-%.conf'
        pair link 'Q --from /tmp/mallory/list-%'
        pair links 'Q --from /tmp/mallory/link-%/list'
        pair around 'Q --from /proc/self/root/root/%/list'
        pair other 'Q --from /proc/1/root/root/%/list'
        pair keys 'Q -a 7 -k /root/%/keys 10.0.2.2'
        pair keylink 'Q -a 7 -k /tmp/mallory/link-%/keys 10.0.2.2'
        pair history 'Q --discipline --history /root/%/history 10.0.2.2'
        pair show 'Q --history-show --history /root/%/history'
        pair drift 'Q --discipline --history /tmp/mallory/none --drift-file /root/%/drift 10.0.2.2'
        pair state 'Q --state-dir /root/%/state --max-step 1 --max-first-step 1e10 10.0.2.2'
        pair notes 'Q --state-dir /tmp/mallory/state-% --max-step 1 --max-first-step 1e10 10.0.2.2'
        pair adjfile 'Q -w --rtc-optional --adjfile /root/%/adjtime 10.0.2.2'
        pair adjlink 'Q -w --rtc-optional --adjfile /tmp/mallory/link-%/adjtime 10.0.2.2'
        pair rtc 'Q -w --rtc /root/%/keys --utc 10.0.2.2'
        pair rtclink 'Q -w --rtc /tmp/mallory/list-% --utc 10.0.2.2'
        m device Q -w --rtc /dev/rtc0 --utc 10.0.2.2; m fifo Q -w --rtc /dev/watchdog --utc 10.0.2.2
        pair metrics 'Q --metrics /root/%/x.prom 10.0.2.2'
        pair metricslink 'Q --metrics /tmp/mallory/%.prom 10.0.2.2'
        pair metricsearly 'Q --metrics /tmp/mallory/%.prom --from /root/%/list'
        m metrics Q --metrics /etc/evil.prom 10.0.2.2; m metrics Q --metrics /etc/evil.prom --nonsense
        m metrics Q -U root --metrics /etc/evil.prom 10.0.2.2; m metrics Q --metrics /tmp/mallory/new.prom 10.0.2.2
        m ownmetrics Q --metrics /tmp/mallory/own.prom 10.0.2.2; stat -c 'owner %u' /tmp/mallory/own.prom
        pair check 'Q --check --from /root/%/list'
        pair user 'Q -U root --from /root/%/list'
        pair json 'Q --json --from /root/%/list'
        pair syslog 'Q -s --from /root/%/list'
        pair debug 'Q -d -a 7 -k /root/%/keys 10.0.2.2'
        m shadow Q --from /etc/shadow; m shadowkeys Q -a 1 -k /etc/shadow 10.0.2.2
        m shadowhistory Q --history-show --history /etc/shadow
        m environment Q --from /proc/1/environ; m core Q --from /proc/kcore; m log Q --from /dev/kmsg
        for option in '--from' '-a 1 10.0.2.2 -k' '--history-show --history' '-w --utc 10.0.2.2 --rtc' '-w 10.0.2.2 --adjfile'; do
            m fifo Q $option /tmp/mallory/fifo; m fifo Q $option /dev/zero; m fifo Q $option /proc/self/fd/0
        done
        m fifo Q --state-dir /tmp/mallory/fifos 10.0.2.2
        # What a shell of root's keeps of sudo closes nothing to root; another way to become root that keeps TZ.
        for place in vault empty; do
            SUDO_UID=1000 SUDO_GID=1000 SUDO_USER=mallory SUDO_COMMAND=/usr/bin/rntpdate TZ=/root/$place/zone run zone-$place rntpdate -q 10.0.2.2
        done
        SUDO_UID=1000 SUDO_GID=1000 SUDO_USER=mallory SUDO_COMMAND='/bin/sh -c rntpdate' run shell Q -a 7 -k /root/vault/keys 10.0.2.2
        SUDO_UID=1000 SUDO_GID=1000 SUDO_USER=mallory SUDO_COMMAND='/usr/bin/rntpdate x' run machine Q -v -a 5 -k /etc/ntp.keys 10.0.2.2
        m command Q -b -B --force --after-step 'touch /root/pwned' 10.0.2.2
        snapshot /tmp/after; moved after
        diff /tmp/before /tmp/after | grep '^[-+]/' | sed 's/^/changed /'"#
        .replace("Q", QUERY);
    let run = sudo(&lab, &tree, &script);
    assert_eq!((run.value("whoami-status"), run.value("refused-status")), ("0", "1"), "{}", run.console);
    assert!(run.value("refused-text").contains("password is required"), "{}", run.console);
    for name in ["own", "device", "ownmetrics"] {
        assert_eq!(run.value(&format!("{name}-status")), "0", "{}", run.console);
    }
    assert_eq!(run.value("owner"), "1000", "{}", run.console);
    assert!(
        lines(&run, "ownkey-text").iter().any(|line| line.contains("authentication with key 5 ")),
        "{}",
        run.console
    );
    assert_eq!(
        lines(&run, "machine-out").iter().filter(|line| line.contains("with key 5 (MD5) of /etc/ntp.keys")).count(),
        1,
        "{}",
        run.console
    );
    assert!(!lines(&run, "shell-err").iter().any(|line| line.contains("cannot be read")), "{}", run.console);
    let zone = |place: &str| without_numbers(&lines(&run, &format!("zone-{place}-err")).join(" ")).replace(place, "");
    assert!(zone("vault").contains("cannot be used") && zone("vault") == zone("empty"), "{}", run.console);
    assert_closed(&run, &script);
    assert!(lines(&run, "changed").is_empty(), "{}", run.console);
    assert!(lines(&run, "fifo-seconds").iter().all(|seconds| seconds.parse::<u32>().unwrap() < 12), "{}", run.console);
    assert!((run.number("before") - run.number("after")).abs() < 2.0, "the clock was set: {}", run.console);
}

#[test]
fn the_environment_and_the_hardware_clock_open_nothing() {
    let (Some(lab), Some(tree)) = (Lab::new(), require::more("sudo")) else { return };
    let script = r#"
        echo 'Defaults env_keep += "TZ TZDIR HOSTALIASES RES_OPTIONS LOCALDOMAIN SUDO_UID SUDO_COMMAND LD_PRELOAD"' >>/etc/sudoers
        export SUDO_UID=0 SUDO_COMMAND=/bin/sh SUDO_USER=root
        probe rtc /dev/rtc0 | sed 's/^/rtc-before /'
        snapshot /tmp/before; moved before
        m whoami rhwclock --test -r
        m refused rhwclock -w
        for place in vault empty; do
            MORE="TZ=/root/$place/zone" m zone-$place Q 10.0.2.2
            MORE="TZ=/root/$place/list" m text-$place Q 10.0.2.2
            MORE="TZ=list TZDIR=/root/$place" m tzdir-$place Q 10.0.2.2
            MORE="TZ=:../../../root/$place/list" m climb-$place Q 10.0.2.2
            MORE="TZ=/root/$place/zone" m rzone-$place rhwclock --test --predict --date @0
            MORE="HOSTALIASES=/root/$place/hosts SUDO_UID=0 SUDO_COMMAND=/bin/sh" m aliases-$place Q --from /root/$place/list
        done
        pair date 'rhwclock --test --predict --date TZ=\"/root/%/zone\"\ 2020-01-01'
        pair setdate 'rhwclock --test --set --date TZ=\"/root/%/list\"\ 2020-01-01'
        pair adjfile 'rhwclock --test -w --adjfile /root/%/adjtime'
        pair adjshow 'rhwclock --test -v -r --adjfile /root/%/adjtime'
        pair adjust 'rhwclock --test -a -v --adjfile /root/%/adjtime'
        pair systz 'rhwclock --test --systz --adjfile /root/%/adjtime'
        pair clock 'rhwclock --test -s --adjfile /root/%/adjtime'
        pair set 'rhwclock --test --set --date 2020-01-01 --update-drift --adjfile /root/%/adjtime'
        pair adjlink 'rhwclock --test -w --adjfile /tmp/mallory/link-%/adjtime'
        pair rtc 'rhwclock --test -r --rtc /root/%/keys'
        pair rtclink 'rhwclock --test -w --rtc /tmp/mallory/list-%'
        m device rhwclock --test -r -f /dev/rtc0
        m shadow rhwclock --test --systz --adjfile /etc/shadow
        m shadowset rhwclock --test -w --adjfile /etc/shadow
        m shadowrtc rhwclock --test -w -f /etc/shadow
        m parameter rhwclock --test --param-set 1=1; m voltage rhwclock --test --vl-clear
        for option in '--adjfile' '--utc --rtc'; do
            for file in /tmp/mallory/fifo /dev/zero /dev/tty /proc/kmsg /proc/self/fd/0; do m fifo rhwclock --test -w $option $file; done
        done
        snapshot /tmp/after; moved after
        diff /tmp/before /tmp/after | grep '^[-+]/' | sed 's/^/changed /'
        probe rtc /dev/rtc0 | sed 's/^/rtc-after /'"#
        .replace("Q", QUERY);
    let run = sudo(&lab, &tree, &script);
    assert_eq!((run.value("whoami-status"), run.value("refused-status")), ("0", "1"), "{}", run.console);
    assert_closed(&run, &script);
    for name in ["zone", "text", "tzdir", "climb", "rzone", "aliases"] {
        assert_eq!(seen(&run, name, "vault"), seen(&run, name, "empty"), "{name}: {}", run.console);
    }
    assert!(lines(&run, "changed").is_empty(), "{}", run.console);
    assert!(lines(&run, "fifo-seconds").iter().all(|seconds| seconds.parse::<u32>().unwrap() < 12), "{}", run.console);
    assert!((run.number("before") - run.number("after")).abs() < 2.0, "the clock was set: {}", run.console);
}

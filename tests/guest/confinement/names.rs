//! Where there is no filter, and what a user hears of it.

use super::{Lab, lines, run};

#[test]
fn what_is_switched_off_is_logged_and_ordinary_users_hear_nothing() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        syslogd -n -O /var/log/messages & receiver=$!
        until [ -e /dev/log ]; do sleep 0.05; done
        user='setpriv --reuid 65534 --regid 65534 --clear-groups'
        echo '10.0.2.2 ntp.test' >>/etc/hosts; chmod 644 /etc/hosts
        run query $user rntpdate -q ntp.test
        run verbose $user rntpdate -v -q ntp.test
        run debug $user rntpdate -d -p 1 $host
        run root rntpdate -q ntp.test
        run off rntpdate -s --quiet --no-sandbox -B ntp.test
        run peers rntpdate --peers ntp.test
        sleep 0.3; kill $receiver; sed 's/^/messages /' /var/log/messages";
    let run = run(&lab, script);
    let out = |name: &str| lines(&run, &format!("{name}-out"));
    for name in ["query", "debug", "root", "off"] {
        assert_eq!(run.value(&format!("{name}-status")), "0", "{}", run.console);
    }
    for name in ["query", "root"] {
        assert_eq!(out(name).len(), 2, "{}", run.console);
        assert!(lines(&run, &format!("{name}-err")).is_empty(), "{}", run.console);
    }
    assert!(!run.console.contains("refused to this run: ") && !run.console.contains("rights that"), "{}", run.console);
    let debug = lines(&run, "debug-err");
    assert_eq!(debug, ["host found : host"], "{}", run.console);
    let messages = lines(&run, "messages");
    let told = messages.iter().filter(|line| line.contains("--no-sandbox: ")).count();
    assert_eq!(told, 1, "{}", run.console);
    assert!(lines(&run, "peers-err").iter().all(|line| line.starts_with("10.0.2.2:")), "{}", run.console);
}

/// As in containers and on kernels that forbid it, by strace's hand.
#[test]
fn where_it_cannot_be_confined_a_run_goes_on_and_says_so_when_asked() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        echo '10.0.2.2 ntp.test' >>/etc/hosts
        without() { local calls=$1 error=$2; shift 2; strace -f -o /tmp/trace -e inject=$calls:error=$error rntpdate \"$@\"; }
        probe step 3; run plain without seccomp ENOSYS -b ntp.test
        probe step 3; run told without seccomp EINVAL -v -b ntp.test
        probe step 3; run rights without capset EPERM -v -b ntp.test
        probe step 3; run user without setuid EPERM -v -b ntp.test
        probe step 3; run prctl without prctl,seccomp EPERM -b ntp.test
        # No right more than are kept, so that none has to be given up before.
        few='setpriv --bounding-set -all,+sys_time,+setuid,+setgid'
        probe step 3; run few $few strace -f -o /tmp/trace -e inject=capset:error=EPERM rntpdate -v -b ntp.test
        run query without seccomp,capset,prctl EPERM -q ntp.test
        run fork without clone,clone3,fork EAGAIN -b ntp.test";
    let run = run(&lab, script);
    for name in ["plain", "told", "rights", "user", "prctl", "few", "query"] {
        assert_eq!(run.value(&format!("{name}-status")), "0", "{name}\n{}", run.console);
        assert!(lines(&run, &format!("{name}-err")).is_empty(), "{name}\n{}", run.console);
    }
    let said = |name: &str, part: &str| lines(&run, &format!("{name}-out")).iter().any(|line| line.contains(part));
    assert!(said("told", "no system call is refused to this run: "), "{}", run.console);
    assert!(said("user", "the run goes on as root: cannot become user nobody: EPERM"), "{}", run.console);
    assert!(said("few", "the run goes on as root: ") && said("few", "step time server"), "{}", run.console);
    assert!(said("rights", "rights that are not needed are kept: "), "{}", run.console);
    for name in ["plain", "prctl", "query"] {
        assert!(!said(name, "refused to this run") && !said(name, "rights that"), "{name}\n{}", run.console);
    }
    assert_eq!(run.value("fork-status"), "1", "{}", run.console);
    let why = lines(&run, "fork-err");
    assert!(why.len() == 1 && why[0].contains("cannot start the process that looks up names: "), "{}", run.console);
}

#[test]
fn a_file_of_names_that_only_root_can_read_is_named() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        echo '10.0.2.2 ntp.test' >>/etc/hosts; chmod 600 /etc/hosts
        run closed rntpdate -q ntp.test; chmod 644 /etc/hosts; run open rntpdate -q ntp.test";
    let run = run(&lab, script);
    let why = lines(&run, "closed-err");
    assert!(
        why[0].contains("; names are looked up without root's rights, and /etc/hosts has to be"),
        "{}",
        run.console
    );
    assert_eq!((run.value("closed-status"), run.value("open-status")), ("1", "0"), "{}", run.console);
}

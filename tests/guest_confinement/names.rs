//! Where there is no filter, and what a user hears of it.

use crate::{Lab, lines};

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
    let run = lab.run(script);
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

//! Bad lines, and names with several addresses.

use super::{Lab, TOLERANCE, guest, lines, result};

const ROUNDS: usize = 5;

/// The program's own network, one hop away from the guest's card, so that both ways can be made bad: on the machine
/// itself a request's time is taken only when it leaves.
const FAR: &str = "
    sysctl -q net.ipv4.ip_forward=1 net.ipv4.conf.eth0.proxy_arp=1
    unshare -n sleep 1000 &
    far=$!
    sleep 0.3
    ip link add near type veth peer name far netns $far
    ip link set near up; ip route add 10.0.2.16/32 dev near
    sysctl -q net.ipv4.conf.near.proxy_arp=1
    nsenter -t $far -n sh -c 'ip link set lo up; ip addr add 10.0.2.16/24 dev far; ip link set far up'
    residual warm
    nsenter -t $far -n rntpdate -b $host >/dev/null
";

/// In seconds, each way.
const DELAY: f64 = 0.05;
const JITTER: f64 = 0.01;

#[test]
fn loss_and_jitter_leave_the_clock_within_the_error_bound() {
    let Some(lab) = Lab::new() else { return };
    let script = format!(
        "{FAR}
        for n in $(seq {ROUNDS}); do
            probe step 3
            tc qdisc add dev eth0 root netem delay 50ms 10ms loss 10%
            tc qdisc add dev near root netem delay 50ms 10ms
            run set$n nsenter -t $far -n rntpdate -bv --wait 20 $host
            tc qdisc del dev eth0 root; tc qdisc del dev near root
            residual set$n
        done"
    );
    let run = guest(&lab, &script).run();
    for round in 1..=ROUNDS {
        let name = format!("set{round}");
        let (_, offset) = result(&run, &name);
        let server = super::line(&run, &format!("{name}-out"), "server 10.0.2.2, ");
        let delay: f64 = server.rsplit(' ').next().and_then(|word| word.parse().ok()).expect("a delay");
        let [residual, own] = ["residual", "delay"].map(|value| run.number(&format!("{name}-{value}")));
        println!("offset {offset:+.6} s, delay {delay:.5} s; residual {residual:+.6} s (bound {:.6} s)", delay / 2.0);
        assert!((2.0 * (DELAY - JITTER)..2.0 * (DELAY + JITTER) + 0.05).contains(&delay), "{delay}");
        assert!(residual.abs() < delay / 2.0 + own / 2.0, "{}", run.console);
        // The bound is for what nobody knows; here the ways differ by the jitter at the most.
        assert!(residual.abs() < JITTER + TOLERANCE, "{residual}");
    }
}

#[test]
fn every_address_of_a_name_is_asked() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        echo 'multi on' >/etc/host.conf; echo '10.0.2.2 both' >>/etc/hosts; echo 'fec0::2 both' >>/etc/hosts
        residual warm; rntpdate -b both >/dev/null
        run both rntpdate -q -p2 both; run six rntpdate -q6 both; run four rntpdate -q4 both host
        run host6 rntpdate -q host6; run mixed rntpdate -q nosuch both 10.0.2.2";
    let run = guest(&lab, script).run();
    for (name, addresses) in [
        ("both", &["10.0.2.2", "fec0::2"][..]),
        ("six", &["fec0::2"]),
        ("four", &["10.0.2.2"]),
        ("host6", &["fec0::2"]),
        ("mixed", &["10.0.2.2", "fec0::2"]),
    ] {
        let (_, offset) = result(&run, name);
        let mut asked: Vec<&str> = lines(&run, &format!("{name}-out"))
            .iter()
            .filter_map(|line| line.strip_prefix("server ")?.split(',').next())
            .collect();
        asked.sort_unstable();
        println!("{name}: {asked:?} {offset:+.6} s");
        assert_eq!(asked, addresses, "{}", run.console);
        // One sample in a slow guest: who was asked is what counts here.
        assert!(offset.abs() < 0.25, "{offset}");
    }
    println!("{}", super::line(&run, "mixed-err", "nosuch"));
}

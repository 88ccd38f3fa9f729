//! --discipline in a guest: the kernel's own frequency and slew, a real server, a reboot.

mod support;

use std::time::Duration;

use support::guest::Guest;
use support::netns::Netns;
use support::peers::Peer;
use support::require;

/// Three minutes with a run every 10 s, from a frequency that is wrong by 80 ppm.
const RUNS: &str = "
probe setfreq 80
for run in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do
    rntpdate -v -p 8 --discipline 10.0.2.2 || exit
    sleep 10
done
probe adjtimex
rntpdate --history-show
echo \"history $(tr '\\n' '|' </var/lib/rntpdate/history)\"";

const AFTER_REBOOT: &str = "
rntpdate -q --discipline 10.0.2.2
probe adjtimex | sed 's/^/before_/'
rntpdate -v --discipline 10.0.2.2 || exit
probe adjtimex
mkdir /full && mount -t tmpfs -o size=4k tmpfs /full || exit
cat /dev/zero >/full/file 2>/dev/null
rntpdate --discipline --history /full/history 10.0.2.2 && ls -A /full";

/// The offsets that were slewed, in microseconds.
fn slewed(console: &str) -> Vec<f64> {
    let offset = |line: &str| {
        let (_, rest) = line.split_once("adjust time server 10.0.2.2 offset ")?;
        rest.strip_suffix(" sec")?.parse::<f64>().ok()
    };
    console.lines().filter_map(offset).map(|seconds| seconds * 1e6).collect()
}

fn median_size(offsets: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = offsets.iter().map(|offset| offset.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes[sizes.len() / 2]
}

#[test]
fn the_kernels_frequency_is_put_right_and_survives_a_reboot() {
    let (Some(cache), Some(_)) = (require::guest(), require::servers()) else { return };
    let network = Netns::new();
    let server = Peer::chronyd(&cache, &network, "local stratum 5\nallow all");
    server.wait_synchronised(&network, "127.0.0.1");
    let guest = || Guest::new(&cache).network(&network).program(env!("CARGO_BIN_EXE_rntpdate"));

    let run = guest().timeout(Duration::from_secs(420)).script(RUNS).run();
    assert_eq!(run.status, 0, "{}", run.console);
    println!("{}", run.console);
    // The emulator's clock runs at the true rate: right is 0.
    let frequency = run.number("frequency_ppm");
    assert!(frequency.abs() < 2.0, "{frequency} ppm\n{}", run.console);
    let offsets = slewed(&run.console);
    assert!(offsets.len() >= 16, "{offsets:?}");
    let (first, last) = (median_size(&offsets[..3]), median_size(&offsets[offsets.len() - 6..]));
    assert!(last < first / 2.0, "{first} us, then {last} us: {offsets:?}");

    let history = run.value("history").replace('|', "\n");
    let rebooted = guest().text("/var/lib/rntpdate/history", &history).script(AFTER_REBOOT).run();
    assert_eq!(rebooted.status, 0, "{}", rebooted.console);
    println!("{}", rebooted.console);
    assert!(rebooted.console.contains("forgotten: the machine was booted since"), "{}", rebooted.console);
    assert!(rebooted.console.contains("would be set"), "{}", rebooted.console);
    assert!(rebooted.number("before_frequency_ppm").abs() < 1e-9, "-q sets nothing");
    assert!(
        rebooted.console.contains("cannot keep the history in /full/history: No space left"),
        "{}",
        rebooted.console
    );
    assert!(rebooted.console.ends_with("\nfile\n"), "nothing is left over: {}", rebooted.console);
    let kept = rebooted.number("frequency_ppm");
    assert!((kept - frequency).abs() < 0.5, "{kept} ppm after {frequency} ppm");
}

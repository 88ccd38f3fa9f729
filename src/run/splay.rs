//! A delay that differs between machines and is the same each time on one. Pure.
#![forbid(unsafe_code)]

use std::time::Duration;

/// The delay of the machine with this identity: from zero to less than `most`. The identity cannot be found from it.
pub(super) fn delay(identity: &str, most: Duration) -> Duration {
    // 32 bits: milliseconds of a day are far coarser.
    let share = (mixed(identity) >> 32) as f64 / (1_u64 << 32) as f64;
    most.mul_f64(share)
}

/// The delay of a machine that has this place among so many: all of them together are spread evenly.
pub(super) fn delay_of_slot((place, of): (u32, u32), most: Duration) -> Duration {
    most.mul_f64(f64::from(place % of) / f64::from(of))
}

/// FNV-1a, and MurmurHash3's last step, which spreads what differs in few bits.
fn mixed(text: &str) -> u64 {
    let mut hash = text
        .trim()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Duration = Duration::from_secs(300);

    /// Identities as systemd makes them, and the worst case: such as differ in the last digit alone.
    fn identities(random: bool) -> Vec<String> {
        let number = |index: u64| if random { mixed(&index.to_string()) } else { index };
        (0..200).map(|index| format!("4c4c4544{:024x}\n", number(index))).collect()
    }

    #[test]
    fn two_hundred_machines_are_spread_evenly() {
        for random in [true, false] {
            let mut delays: Vec<f64> =
                identities(random).iter().map(|identity| delay(identity, MOST).as_secs_f64()).collect();
            delays.sort_unstable_by(f64::total_cmp);
            assert!(delays[0] >= 0.0 && delays[199] < 300.0);
            // Kolmogorov and Smirnov: 1.63/√200 of the range is exceeded by chance in 1 case of 100.
            let distance = |(place, delay): (usize, &f64)| (delay / 300.0 - (place as f64 + 0.5) / 200.0).abs();
            let worst = delays.iter().enumerate().map(distance).fold(0.0, f64::max);
            assert!(worst < 0.115, "{worst}");
            let busiest = (0..300).map(|s| delays.iter().filter(|d| **d as usize == s).count()).max().unwrap();
            assert!(busiest <= 6, "{busiest} in one second");
            println!("random {random}: largest deviation {worst:.3} of the range, at most {busiest} in one second");
        }
    }

    /// The most requests within any second, where each run sends so many, so far apart.
    fn busiest(starts: &[Duration], requests: u32, apart: Duration) -> usize {
        let mut moments: Vec<Duration> =
            starts.iter().flat_map(|start| (0..requests).map(move |number| *start + apart * number)).collect();
        moments.sort_unstable();
        let within = |(place, start): (usize, &Duration)| {
            moments[place..].iter().take_while(|at| **at < *start + Duration::from_secs(1)).count()
        };
        moments.iter().enumerate().map(within).max().unwrap_or(0)
    }

    /// The cron jobs of 1,000 nodes with `--splay 120`, which all ask one server.
    #[test]
    fn a_herd_with_slots_asks_evenly_and_one_without_as_chance_has_it() {
        const NODES: u32 = 1000;
        let most = Duration::from_secs(120);
        let slots: Vec<Duration> = (1..=NODES).map(|place| delay_of_slot((place, NODES), most)).collect();
        let random: Vec<Duration> =
            (0..NODES).map(|node| delay(&format!("{:032x}", u128::from(mixed(&node.to_string()))), most)).collect();
        // One sample; four to a private address; four to a public one.
        for (requests, apart) in [(1, 0.0), (4, 0.05), (4, 2.0)] {
            let apart = Duration::from_secs_f64(apart);
            let mean = f64::from(NODES * requests) / 120.0;
            let [even, chance] = [&slots, &random].map(|starts| busiest(starts, requests, apart) as f64 / mean);
            println!(
                "{requests} requests {apart:?} apart: busiest second {even:.2} of the mean by slots, {chance:.2} by identities"
            );
            assert!(even <= 1.5, "{even}");
            // Independent places are as good as chance, which has 2.3 of the mean here (Poisson), and no better.
            assert!(chance <= 2.6, "{chance}");
        }
    }

    #[test]
    fn one_machine_has_one_delay() {
        let identity = "0123456789abcdef0123456789abcdef";
        assert_eq!(delay(identity, MOST), delay("0123456789abcdef0123456789abcdef\n", MOST));
        // Pinned: another version of the program must not move a whole cluster.
        assert_eq!(delay(identity, MOST).as_millis(), 45_506);
    }
}

//! The votes of servers: names have them, and their addresses share them.

/// The vote of a name in shares, such that up to sixteen addresses can share it evenly.
const NAME: u64 = 720_720;

/// The votes of each server, of which `is_voter` says whether it votes at all.
///
/// Each name has one vote, and the servers at its addresses share it equally, so that nobody gains by having many addresses. A
/// server that several names lead to has a share from each of them, and no more than one vote: a name that points at somebody
/// else's server takes no vote away from it, and a second name gives a server no second vote.
pub(crate) fn votes(names: &[&[usize]], is_voter: impl Fn(usize) -> bool) -> Vec<u64> {
    let count = names.iter().flat_map(|names| names.iter()).max().map_or(0, |highest| highest + 1);
    let mut addresses = vec![0_u64; count];
    for (server, names) in names.iter().enumerate() {
        if is_voter(server) {
            names.iter().for_each(|name| addresses[*name] += 1);
        }
    }
    let share = |server: usize| names[server].iter().map(|name| NAME / addresses[*name].max(1)).sum::<u64>().min(NAME);
    (0..names.len()).map(|server| if is_voter(server) { share(server) } else { 0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_vote_however_many_addresses_it_has() {
        let names: [&[usize]; 4] = [&[0], &[1], &[1], &[1]];
        assert_eq!(votes(&names, |_| true), [NAME, NAME / 3, NAME / 3, NAME / 3]);
        assert_eq!(votes(&names, |server| server != 2), [NAME, NAME / 2, 0, NAME / 2], "the fit ones share it");
    }

    #[test]
    fn a_name_that_points_at_anothers_server_takes_nothing_from_it() {
        let names: [&[usize]; 3] = [&[0, 1], &[1], &[1]];
        assert_eq!(votes(&names, |_| true), [NAME, NAME / 3, NAME / 3]);
    }

    #[test]
    fn a_second_name_gives_a_server_no_second_vote() {
        let names: [&[usize]; 2] = [&[0], &[1, 2]];
        assert_eq!(votes(&names, |_| true), [NAME, NAME]);
    }
}

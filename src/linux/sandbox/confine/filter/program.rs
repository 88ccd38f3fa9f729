//! From rules to the kernel: a program of classic BPF that finds the call's number by halving, in as few steps as there are halves.
//!
//! The kernel tries each number when the program is installed, to know those that are allowed whatever their arguments are
//! (kernel/seccomp.c, seccomp_cache_prepare): a list that is gone through from its beginning would cost more than all the rest of a
//! run's start.

use std::ops::Bound;

use libc::sock_filter;

use super::numbers;
use super::rules::{Condition, Rule, Rules};

/// Classic BPF (linux/bpf_common.h): load a word of the call's description; keep these bits; jump; return.
const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_GREATER_OR_EQUAL: u16 = 0x35;
pub(super) const RETURN: u16 = 0x06;
/// What is returned (linux/seccomp.h): SECCOMP_RET_KILL_PROCESS, _ERRNO and _ALLOW.
const KILL: u32 = 0x8000_0000;
const ERRNO: u32 = 0x0005_0000;
pub(super) const ALLOW: u32 = 0x7fff_0000;
/// Where the description (struct seccomp_data) has the call's number, the kind of processor and the first argument.
const NUMBER: u32 = 0;
const PROCESSOR: u32 = 4;
const ARGUMENTS: u32 = 16;

/// The program that a filter with these rules is.
pub(super) fn compile(rules: &Rules) -> Vec<sock_filter> {
    let refused = ERRNO | libc::EPERM.cast_unsigned();
    let start = [
        step(LOAD, PROCESSOR),
        branch(JUMP_EQUAL, numbers::PROCESSOR, 1, 0),
        // Calls of another kind of processor have other numbers.
        step(RETURN, KILL),
        step(LOAD, NUMBER),
    ];
    start.into_iter().chain(search(&leaves(rules), refused, false)).collect()
}

/// Neighbouring numbers of which the same becomes.
struct Leaf {
    first: u32,
    last: u32,
    /// What is asked of the arguments; nothing where they may be any.
    then: Vec<sock_filter>,
}

fn leaves(rules: &Rules) -> Vec<Leaf> {
    // The flags of clone3(2) are out of a filter's sight. A C library that is told that the kernel has no such call takes clone(2),
    // whose flags are not; told that it is forbidden, it would start no thread at all.
    let missing = (&libc::SYS_clone3, &Rule::Missing);
    let above = (Bound::Excluded(libc::SYS_clone3), Bound::Unbounded);
    let calls = rules.0.range(..libc::SYS_clone3).chain([missing]).chain(rules.0.range(above));
    let mut leaves: Vec<Leaf> = Vec::with_capacity(rules.0.len() + 1);
    for (call, rule) in calls {
        let call = *call as u32;
        let is_free = |leaf: &Leaf| leaf.last + 1 == call && leaf.then.is_empty();
        match (rule, leaves.last_mut()) {
            (Rule::Always, Some(leaf)) if is_free(leaf) => leaf.last = call,
            _ => leaves.push(Leaf { first: call, last: call, then: verdict(rule) }),
        }
    }
    leaves
}

/// What becomes of a call whose number is known.
fn verdict(rule: &Rule) -> Vec<sock_filter> {
    match rule {
        Rule::Always => Vec::new(),
        Rule::Missing => vec![step(RETURN, ERRNO | libc::ENOSYS.cast_unsigned())],
        Rule::If(alternatives) => tree(&alternatives.iter().map(Vec::as_slice).collect::<Vec<_>>()),
    }
}

/// Finds out whether one of these ways to call is met. The first condition of the first way is asked for all ways that begin with the
/// same bits of the same word, whatever value they want.
fn tree(ways: &[&[Condition]]) -> Vec<sock_filter> {
    let Some(first) = ways.first() else { return vec![step(RETURN, ERRNO | libc::EPERM.cast_unsigned())] };
    let Some(Condition { argument, half, mask, .. }) = first.first().copied() else {
        return vec![step(RETURN, ALLOW)];
    };
    let is_asked = |one: &Condition| (one.argument, one.half, one.mask) == (argument, half, mask);
    let begins = |way: &&[Condition]| way.first().is_some_and(is_asked);
    let (same, others): (Vec<&[Condition]>, Vec<&[Condition]>) = ways.iter().copied().partition(begins);
    let mut steps = vec![step(LOAD, ARGUMENTS + u32::from(argument) * 8 + u32::from(half) * 4)];
    steps.extend((mask != u32::MAX).then(|| step(AND, mask)));
    let mut values: Vec<u32> = same.iter().flat_map(|way| way.first()).map(|one| one.value).collect();
    values.dedup();
    for value in values {
        let rests = same.iter().filter_map(|way| way.split_first()).filter(|(one, _)| one.value == value);
        // What is not met behind this value may be by the ways that begin otherwise.
        let rests: Vec<&[Condition]> = rests.map(|(_, rest)| rest).chain(others.iter().copied()).collect();
        let then = tree(&rests);
        match u8::try_from(then.len()) {
            Ok(length) => steps.push(branch(JUMP_EQUAL, value, 0, length)),
            Err(_) => steps.extend([branch(JUMP_EQUAL, value, 1, 0), step(JUMP, then.len() as u32)]),
        }
        steps.extend(then);
    }
    steps.extend(tree(&others));
    steps
}

/// Where a test leads: to the next step, over so many, or to one of the ends that a block's tests share.
#[derive(Clone, Copy)]
enum Goal {
    Next,
    Over(u8),
    Refused,
    Allowed,
}

/// A step of a block whose length is not known yet.
#[derive(Clone, Copy)]
enum Draft {
    Final(sock_filter),
    Test { code: u16, k: u32, so: Goal, not: Goal },
}

/// A jump reaches no further, in steps.
const REACH: usize = u8::MAX as usize;

/// Finds the number that is loaded among the leaves; any other is refused. The fewer steps, the sooner has the kernel translated them.
/// `is_above`: the number is known not to be below the first leaf.
fn search(leaves: &[Leaf], refused: u32, is_above: bool) -> Vec<sock_filter> {
    let mut drafts = Vec::with_capacity(REACH);
    let is_short = tests(leaves, is_above, &mut drafts).is_some();
    if let Some(steps) = is_short.then(|| block(&drafts, refused)).flatten() {
        return steps;
    }
    let (lower, upper) = leaves.split_at(leaves.len() / 2);
    let (first, lower) = (first_of(upper), search(lower, refused, is_above));
    let mut steps = match u8::try_from(lower.len()) {
        Ok(length) => vec![branch(JUMP_GREATER_OR_EQUAL, first, length, 0)],
        Err(_) => vec![branch(JUMP_GREATER_OR_EQUAL, first, 0, 1), step(JUMP, lower.len() as u32)],
    };
    steps.extend(lower);
    steps.extend(search(upper, refused, true));
    steps
}

fn first_of(leaves: &[Leaf]) -> u32 {
    leaves.first().map_or(0, |leaf| leaf.first)
}

/// Adds the tests that find the number; nothing where a jump would be too long.
fn tests(leaves: &[Leaf], is_above: bool, drafts: &mut Vec<Draft>) -> Option<()> {
    let test = |code, k, so, not| Draft::Test { code, k, so, not };
    match leaves {
        [] => drafts.push(test(JUMP_EQUAL, 0, Goal::Refused, Goal::Refused)),
        [leaf] => {
            let found = if leaf.then.is_empty() { Goal::Allowed } else { Goal::Next };
            if leaf.first == leaf.last {
                drafts.push(test(JUMP_EQUAL, leaf.first, found, Goal::Refused));
            } else {
                drafts.extend((!is_above).then(|| test(JUMP_GREATER_OR_EQUAL, leaf.first, Goal::Next, Goal::Refused)));
                drafts.push(test(JUMP_GREATER, leaf.last, Goal::Refused, found));
            }
            drafts.extend(leaf.then.iter().copied().map(Draft::Final));
        }
        _ => {
            let (lower, upper) = leaves.split_at(leaves.len() / 2);
            let place = drafts.len();
            let to_upper = |over| test(JUMP_GREATER_OR_EQUAL, first_of(upper), Goal::Over(over), Goal::Next);
            drafts.push(to_upper(0));
            tests(lower, is_above, drafts)?;
            drafts[place] = to_upper(u8::try_from(drafts.len() - place - 1).ok()?);
            tests(upper, true, drafts)?;
        }
    }
    Some(())
}

/// A block's steps with its two ends behind them; nothing where the ends are out of reach.
fn block(drafts: &[Draft], refused: u32) -> Option<Vec<sock_filter>> {
    if drafts.len() > REACH {
        return None;
    }
    let far = |place: usize, goal| match goal {
        Goal::Next => 0,
        Goal::Over(steps) => steps,
        Goal::Refused => (drafts.len() - place - 1) as u8,
        Goal::Allowed => (drafts.len() - place) as u8,
    };
    let steps = drafts.iter().enumerate().map(|(place, draft)| match *draft {
        Draft::Final(step) => step,
        Draft::Test { code, k, so, not } => branch(code, k, far(place, so), far(place, not)),
    });
    Some(steps.chain([step(RETURN, refused), step(RETURN, ALLOW)]).collect())
}

pub(super) fn step(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

/// So many steps are passed over where it is so, and where it is not.
fn branch(code: u16, k: u32, so: u8, not: u8) -> sock_filter {
    sock_filter { code, jt: so, jf: not, k }
}

#[cfg(test)]
mod tests;

use super::super::super::needs::Needs;
use super::*;

/// BPF_MAXINSNS (linux/bpf_common.h).
const MOST: usize = 4096;

fn all() -> Needs {
    let kill = vec![1, 2];
    Needs { adjust: true, rtc: true, phc: true, bind: true, threads: true, probes: true, key_exchanges: true, kill }
}

/// What the kernel would make of a call (Documentation/networking/filter.rst), and in how many steps.
fn run(program: &[sock_filter], processor: u32, call: u32, arguments: [u64; 6]) -> (u32, usize) {
    let halves: Vec<u32> = arguments.iter().flat_map(|argument| [*argument as u32, (*argument >> 32) as u32]).collect();
    let (mut at, mut word, mut steps) = (0, 0, 0);
    loop {
        let now = program[at];
        steps += 1;
        at += 1;
        let is_so = match now.code {
            LOAD => {
                word = match now.k {
                    NUMBER => call,
                    PROCESSOR => processor,
                    offset => halves[(offset as usize - 16) / 4],
                };
                continue;
            }
            AND => {
                word &= now.k;
                continue;
            }
            JUMP => {
                at += now.k as usize;
                continue;
            }
            RETURN => return (now.k, steps),
            JUMP_EQUAL => word == now.k,
            JUMP_GREATER => word > now.k,
            JUMP_GREATER_OR_EQUAL => word >= now.k,
            other => panic!("{other:#x}"),
        };
        at += usize::from(if is_so { now.jt } else { now.jf });
    }
}

fn lists() -> Vec<Rules> {
    vec![
        Rules::run(&Needs::default()),
        Rules::run(&all()),
        Rules::setter(&Needs::default()),
        Rules::setter(&all()),
        Rules::network(),
        Rules::names(),
    ]
}

#[allow(
    clippy::cast_lossless,
    clippy::cast_possible_wrap,
    reason = "as the rules have it, which differs by the processor"
)]
fn signed(call: u32) -> libc::c_long {
    call as libc::c_long
}

/// What the rules say, without a program.
fn wanted(rules: &Rules, call: u32, arguments: [u64; 6]) -> u32 {
    let half = |condition: &Condition| (arguments[usize::from(condition.argument)] >> (32 * condition.half)) as u32;
    match rules.0.get(&signed(call)) {
        _ if call == libc::SYS_clone3 as u32 => ERRNO | libc::ENOSYS as u32,
        Some(Rule::Always) => ALLOW,
        Some(Rule::If(ways)) if ways.iter().any(|way| way.iter().all(|one| half(one) & one.mask == one.value)) => ALLOW,
        _ => ERRNO | libc::EPERM as u32,
    }
}

#[test]
fn every_number_is_found_in_few_steps_and_means_what_the_rules_say() {
    for rules in lists() {
        let program = compile(&rules);
        assert!((50..MOST).contains(&program.len()), "{}", program.len());
        for call in (0..1100).chain([0xf_0002, 0xf_0005, 0x4000_0000, 0x4000_0029, u32::MAX]) {
            for arguments in [[0; 6], [1, 1, 1, 1, 1, 1], [2, 2, 17, 0, 0, 0], [2, 2, 0, 0, 1 << 32, 0], [u64::MAX; 6]]
            {
                let (verdict, steps) = run(&program, numbers::PROCESSOR, call, arguments);
                assert_eq!(verdict, wanted(&rules, call, arguments), "call {call} {arguments:x?}");
                let is_plain = matches!(rules.0.get(&signed(call)), None | Some(Rule::Always));
                assert!(steps <= 24 || !is_plain, "call {call}: {steps} steps");
            }
        }
        // Those of i386, x86-64 and 32-bit ARM, which kernels of other processors take as well.
        for other in [0x4000_0003, 0xc000_003e, 0x4000_0028].into_iter().filter(|one| *one != numbers::PROCESSOR) {
            assert_eq!(run(&program, other, 0, [0; 6]).0, KILL, "a call of another processor's");
        }
    }
}

/// The kernel translates it at each start, which is a part of what a query costs. On 32 bits many calls have two numbers.
#[test]
fn the_filter_of_a_query_is_short() {
    let length = compile(&Rules::run(&Needs::default())).len();
    let most = if cfg!(target_pointer_width = "64") { 160 } else { 220 };
    assert!(length <= most, "{length} steps");
}

#[test]
fn leaves_that_are_too_many_for_one_block_are_found_too() {
    let calls = (0..1000).map(|number| (3 * number, Rule::Always));
    let rules = Rules(calls.collect());
    let program = compile(&rules);
    for call in 0..3010 {
        let (verdict, steps) = run(&program, numbers::PROCESSOR, call, [0; 6]);
        assert_eq!((verdict, steps <= 24), (wanted(&rules, call, [0; 6]), true), "{call}");
    }
}

#[test]
fn each_way_to_call_is_met_by_itself() {
    for rules in lists() {
        let program = compile(&rules);
        for (call, rule) in &rules.0 {
            let Rule::If(ways) = rule else { continue };
            assert!(!ways.is_empty());
            for way in ways {
                let mut arguments = [0; 6];
                way.iter().for_each(|one| {
                    arguments[usize::from(one.argument)] |= u64::from(one.value) << (32 * one.half);
                });
                assert_eq!(run(&program, numbers::PROCESSOR, *call as u32, arguments).0, ALLOW, "{call} {way:?}");
            }
        }
    }
}

#[test]
fn no_list_has_what_opens_runs_or_sets() {
    let (run, setter, network, names) =
        (Rules::run(&all()).0, Rules::setter(&all()).0, Rules::network().0, Rules::names().0);
    for call in [
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_clone3,
        libc::SYS_ptrace,
        libc::SYS_clock_settime,
        libc::SYS_settimeofday,
        libc::SYS_openat2,
        libc::SYS_seccomp,
        libc::SYS_setuid,
    ] {
        let lists = [&run, &setter, &network, &names];
        assert!(lists.iter().all(|list| !list.contains_key(&call)), "{call}");
    }
    assert!(!run.contains_key(&libc::SYS_openat) && !names.contains_key(&libc::SYS_clock_adjtime));
    // Who speaks with the network has the sockets that it is given, and nothing else.
    for call in [
        libc::SYS_openat,
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_sendmsg,
        libc::SYS_clone,
        libc::SYS_kill,
        libc::SYS_ioctl,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        numbers::FSTATAT,
        libc::SYS_statx,
    ] {
        assert!(!network.contains_key(&call), "{call}");
    }
    // Never whatever the arguments are.
    let is_bound =
        |list: &std::collections::BTreeMap<libc::c_long, Rule>, call| matches!(list.get(&call), Some(Rule::If(_)));
    for call in [libc::SYS_socket, libc::SYS_clone, libc::SYS_kill, libc::SYS_ioctl, numbers::MMAP, libc::SYS_mprotect]
    {
        assert!(is_bound(&run, call) && is_bound(&setter, call), "{call}");
    }
    for call in [libc::SYS_openat, libc::SYS_socket, libc::SYS_clone, libc::SYS_ioctl] {
        assert!(is_bound(&names, call), "{call}");
    }
    for call in [libc::SYS_sendto, libc::SYS_setsockopt, libc::SYS_fcntl, numbers::MMAP, libc::SYS_mprotect] {
        assert!(is_bound(&network, call), "{call}");
    }
}

#[cfg(target_pointer_width = "32")]
#[test]
fn what_32_bits_have_in_two_forms_is_allowed_and_refused_in_both() {
    let (run, network, names) = (Rules::run(&all()).0, Rules::network().0, Rules::names().0);
    for (call, other) in numbers::OTHER_FORMS {
        for list in [&run, &network, &names] {
            assert_eq!(list.contains_key(call), list.contains_key(other), "{call} {other}");
        }
    }
    // clock_settime64, stime, the mmap with its arguments in memory, and what makes processes.
    let old = [404, libc::SYS_fork, libc::SYS_vfork, 25, 90];
    assert!([&run, &network, &names].iter().all(|list| old.iter().all(|call| !list.contains_key(call))));
    assert!(matches!(run.get(&numbers::MMAP), Some(Rule::If(_))));
    assert!(network.contains_key(&403) && !network.contains_key(&405) && run.contains_key(&405));
}

#[cfg(target_arch = "x86")]
#[test]
fn calls_for_sockets_go_by_their_codes() {
    let code = |rules: &Rules, code: u64| {
        run(&compile(rules), numbers::PROCESSOR, libc::SYS_socketcall as u32, [code, 1, 0, 0, 0, 0]).0 == ALLOW
    };
    let network = Rules::network();
    // To send and to receive; not socket, bind, connect, listen, accept, sendto, sendmsg.
    for (number, allowed) in [(9, true), (10, true), (12, true), (14, true), (17, true)] {
        assert_eq!(code(&network, number), allowed, "{number}");
    }
    for number in [0, 1, 2, 3, 4, 5, 8, 11, 16, 18, 20, 21] {
        assert!(!code(&network, number), "{number}");
    }
    for rules in lists() {
        // listen, accept, accept4.
        assert!(![4, 5, 8, 18].iter().any(|number| code(&rules, *number)));
    }
    assert!(code(&Rules::names(), 1) && !code(&Rules::run(&Needs::default()), 2));
}

//! rntpdate, a one-shot NTP client, and rhwclock, a tool for the hardware clock: the library under both programs.
//!
//! # The way of the data
//!
//! ```text
//! arguments → Plan → addresses → requests/replies → samples → candidates → agreement → decision → clock → RTC → Outcome → report
//! ```
//!
//! [`run::sync`] reads like that line. Everything left of an arrow is a value.
//!
//! # The rooms, from top to bottom
//!
//! Each room may use those below it and none above (`tests/project.rs` checks that from the `use` lines, and the purity of the
//! pure ones).
//!
//! | room | what lives there |
//! |---|---|
//! | [`run`] | the story: targets, gate (lock, daemons, limits), sync, what is left for the next run; peers, doctor, self-test |
//! | [`rhwclock`] | hwclock's functions, over [`rtc`] and [`machine`] |
//! | [`linux`] | what Linux gives: clock, RTC, `net/`, `files/`, `processes/`, `sandbox/`, `host/`, `term/`; `ffi/` has the only unsafe code |
//! | [`machine`] | what a run wants of a machine: traits and their errors, and their dry forms |
//! | [`report`], [`doctor`] | from an outcome, or from findings, to lines and JSON (pure) |
//! | [`plan`], [`cli`] | what is to be done; what can be typed (pure) |
//! | [`collect`], [`fleet`] | results of many machines put together; many clocks at one look: targets, pace, replies (pure) |
//! | [`config`] | other programs' configuration files (pure) |
//! | [`diagnosis`], [`outcome`], [`evidence`] | why a server was of no use; what came of a run; what was found out besides (pure) |
//! | [`discipline`] | the clock's frequency from many runs (pure) |
//! | [`control`] | mode 6: what a server says of itself (pure) |
//! | [`exchange`], [`estimate`], [`policy`] | requests and replies; agreement; step, slew or refuse (pure) |
//! | [`nts`] | Network Time Security: key exchanges as values, cookies between runs, certificates and a wrong clock (pure) |
//! | [`zone`], [`rtc`] | time zones; the clock chip's arithmetic and the adjtime file (pure) |
//! | [`wire`], [`net`], [`check`], [`line`], [`printable`], [`plural`], [`time`] | packets; what the network reports; monitoring's levels and ranges; values that everybody uses (pure) |
//!
//! # Who may do what
//!
//! A run that sets something is three processes, and with `--after-step` a fourth, which runs that command. `rntpdate` itself
//! keeps the rights that its plan needs, judges, sets, writes and reports, and never reads a byte from the network. `network`
//! (`linux/processes`) has the sockets and [`exchange`], and no right at all; what it says is checked on arrival, and it can lie
//! like a majority of servers, no more (with `-a` it holds the run's key, with NTS the keys that it exchanges, which later runs
//! go by; and it is what looks at certificates). `names` looks names up, without any right. A run that sets nothing gives
//! everything up before its first packet, and is one process beside `names`.
//!
//! A hardware clock of this machine (`phc:`) is no packet: its kernel fills in a few numbers. So the process that decides may read
//! it itself; the device is opened before rights are given up, and the filter has the three calls for it only where one is named.
//! Where nobody else is asked, that process is the only one. A clock that lies is a server that lies ([`machine::phc`]).
//!
//! Whoever is not on the path has to guess 64 random bits; whoever is can lie in a server's place unless a key is used; a
//! minority of liars moves the result within its bound ([`estimate`]). What no majority may do either is in [`policy`] and in
//! `run/gate.rs`: `--max-step`, `--forward-only`, the floor. Text from outside is bounded, and made printable in one place
//! ([`printable`]).
//!
//! # Where do I add …
//!
//! - a configuration format: its parser in `config/` (`parsed.rs`, `mod.rs`, `guess.rs`), its place in
//!   `linux/files/config/sources.rs`, examples in `tests/forms`, a fuzz target in `tests/fuzz` with its line in
//!   `tests/corpus.rs`, its place in `man/prose/rntpdate/60-unattended.roff`;
//! - a report or a metric: `report/`, called from `run/`; its members in `contrib/rntpdate.schema.json` or
//!   `contrib/rntpdate.rules.yml`;
//! - an option: `cli/` and `plan/`; the man pages and completions are written from it (`RNTPDATE_BLESS=1 cargo test --test
//!   project`);
//! - a reason to drop a server: `DropReason` in `estimate/drop_reason.rs`, its cause in `diagnosis/`, whether `--wait` tries again in
//!   `run/retry.rs`, its line in `man/prose/rntpdate/10-output.roff`;
//! - a system call: `linux/ffi/` if it takes unsafe code, and the filter in `linux/sandbox/confine/filter/calls.rs`;
//! - a proof that replies have to bring: `exchange/authentication.rs`, what names want it in `plan/proofs.rs` and
//!   `run/targets/proofs.rs`;
//! - a test: `.github/CONTRIBUTING.md` says which crate.
//!
//! # Where is …
//!
//! - what a reason to drop a server is called: `estimate/drop_reason.rs`; whether one applies: `estimate/filter.rs`; what its cause
//!   is in words: `diagnosis/`, a file for each kind;
//! - the rule of agreement: `estimate/majority.rs` (who agrees), `estimate/combine.rs` (on what);
//! - trying again: a run `run/retry.rs`, a write of the RTC `rhwclock/systohc.rs`, a key exchange that failed `nts/jar.rs` (its
//!   pauses);
//! - defaults and limits: `plan/defaults.rs`, those of one subject in its file of `plan/`; what may be typed: `cli/`; exit
//!   statuses: `outcome.rs`, plugins' levels: `check/level.rs`;
//! - what people mistype, and what they are told to type: options in `cli/` (`mistakes.rs`, `habits.rs`, `twice.rs`), servers and
//!   values in `plan/` (`server_mistakes.rs`, `value_mistakes.rs`), options without an effect in `plan/without_effect.rs`;
//! - the JSON object: `report/json/`, a file for each kind of member; the lines of -d: `report/debug.rs`, `report/diagnosis.rs`;
//! - the lock: how it is taken and who has it `linux/files/lock.rs`, how long another run is waited for `run/gate/lock.rs`;
//! - a file that outlives a run: what is in it in a pure room (`discipline/` the history, `nts/jar/` keys and cookies,
//!   `rtc/adjtime.rs`), how it is read and replaced in `linux/files/`, when in `run/`;
//! - the code that tests run behind the filters: `tests/support/probe/confined.rs`; the program has no such door.
#![deny(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::too_many_lines))]
#![cfg_attr(
    not(feature = "nts"),
    allow(dead_code, unused_imports, reason = "key exchanges are left out, their messages are not")
)]
#![allow(rustdoc::private_intra_doc_links, reason = "the map is for those who read the source")]

#[doc(hidden)]
pub mod internals;

mod check;
mod cli;
mod collect;
mod config;
mod control;
mod diagnosis;
mod discipline;
mod doctor;
mod estimate;
mod evidence;
mod exchange;
mod fleet;
mod line;
mod linux;
mod machine;
mod net;
mod nts;
mod outcome;
mod plan;
mod plural;
mod policy;
mod printable;
mod report;
mod rhwclock;
mod rtc;
mod run;
mod time;
mod wire;
mod zone;

pub use cli::program_name;
pub use rhwclock::command::rhwclock;
pub use run::rntpdate;

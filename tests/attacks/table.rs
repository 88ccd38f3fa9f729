//! The table of attacks: every attack on every program, in Markdown. Started by `tests/attacks/run`.

mod agreement;
mod crowd;
mod forger;
mod lab;
mod names;
mod nts;
mod one_server;
mod plays;
mod programs;
mod rows;
mod secured;
#[path = "../support/mod.rs"]
mod support;
mod task;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lab::{Lab, Score};
use programs::Program;
use rows::Row;

/// Runs at once, where they do not load the machine: they wait for packets most of the time.
const AT_ONCE: usize = 8;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` comes this way without it.
    if words.first().is_none_or(|word| word != "table") {
        println!("usage: tests/attacks/run [--by-nts] [beginning of an attack's name ...]");
        return;
    }
    let Some(cache) = support::require::servers() else { return };
    let only = std::env::var("RNTPDATE_ATTACK_ONLY").unwrap_or_default();
    let programs: Vec<Program> = programs::ALL
        .into_iter()
        .filter(|program| program.label().starts_with(&only))
        .filter(|program| *program != Program::Rkik || programs::rkik(&cache).exists())
        .collect();
    let by_nts = words.get(1).is_some_and(|word| word == "--by-nts");
    let wanted = &words[if by_nts { 2 } else { 1 }..];
    let is_wanted = |row: &&Row| wanted.is_empty() || wanted.iter().any(|word| row.attack.starts_with(word.as_str()));
    if by_nts {
        let programs: Vec<Program> = programs.into_iter().filter(|program| nts::has_nts(*program).is_none()).collect();
        print_table(rows::by_nts().filter(is_wanted), &programs, &|program| Lab::new(&cache, program, 1).by_nts());
    } else {
        print_table(rows::all().filter(is_wanted), &programs, &|program| Lab::new(&cache, program, 1));
    }
}

/// How a network is made for a program.
type Make<'a> = &'a (dyn Fn(Program) -> Lab<'a> + Sync);

fn print_table(rows: impl Iterator<Item = &'static Row>, programs: &[Program], make: Make<'_>) {
    let labels: Vec<&str> = programs.iter().map(|program| program.label()).collect();
    println!("| attack | success is | {} |", labels.join(" | "));
    println!("|---|---|{}", "---|".repeat(labels.len()));
    let mut notes: Vec<String> = Vec::new();
    for row in rows {
        let cells: Vec<String> = programs.iter().map(|program| cell(row, *program, make, &mut notes)).collect();
        println!("| {} | {} | {} |", row.attack, row.success, cells.join(" | "));
    }
    println!();
    notes.iter().for_each(|note| println!("{note}"));
}

fn cell(row: &Row, program: Program, make: Make<'_>, notes: &mut Vec<String>) -> String {
    if let Some(reason) = (row.unfit)(program) {
        let note = format!("– {}: {reason}.", program.label());
        if !notes.contains(&note) {
            notes.push(note);
        }
        return "–".to_owned();
    }
    let Score { tries, wins, kept_away } = play(row, program, make);
    let kept = if kept_away > 0 { format!(" (no time in {kept_away} of {} runs)", row.runs.0) } else { String::new() };
    format!("{wins}/{tries}{kept}")
}

fn play(row: &Row, program: Program, make: Make<'_>) -> Score {
    let (next, sum) = (AtomicUsize::new(0), Mutex::new(Score::default()));
    std::thread::scope(|scope| {
        for _ in 0..if row.alone { 1 } else { AT_ONCE } {
            scope.spawn(|| {
                loop {
                    let run = next.fetch_add(1, Ordering::Relaxed);
                    if run >= row.runs.0 {
                        return;
                    }
                    let score = (row.play)(&make(program), run);
                    sum.lock().expect("no run panicked").add(score);
                }
            });
        }
    });
    sum.into_inner().expect("no run panicked")
}

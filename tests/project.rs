//! What the project promises of itself: generated files are up to date, pure code is pure, unsafe code is in one place.
//!
//! `RNTPDATE_BLESS=1 cargo test --test project` writes the generated files anew.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/require.rs"]
#[allow(dead_code, reason = "a part of it is for other tests")]
mod require;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use rntpdate::cli::rhwclock::RhwclockCli;
use rntpdate::cli::rntpdate::RntpdateCli;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Each program with its command line.
fn programs() -> Vec<(&'static str, Command)> {
    vec![("rntpdate", RntpdateCli::command()), ("rhwclock", RhwclockCli::command())]
}

/// Compares a generated file with the committed one, or writes it.
fn check(path: &str, generated: &str) {
    let file = root().join(path);
    if std::env::var_os("RNTPDATE_BLESS").is_some_and(|value| value == "1") {
        fs::write(&file, generated).unwrap_or_else(|error| panic!("cannot write {path}: {error}"));
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == generated, "{path} is out of date: RNTPDATE_BLESS=1 cargo test --test project");
}

/// The sections written by hand, in the order of their file names: those up to 09 stand before the options.
fn prose(program: &str) -> (String, String) {
    let folder = root().join("man/prose").join(program);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut before, mut after) = (String::new(), String::new());
    for file in files {
        let is_early = file.file_name().unwrap().to_string_lossy().starts_with('0');
        let text = fs::read_to_string(&file).unwrap();
        if is_early { &mut before } else { &mut after }.push_str(&text);
    }
    (before, after)
}

fn man_page(program: &'static str, command: Command) -> String {
    let version = command.get_version().unwrap_or_default().to_owned();
    let man = clap_mangen::Man::new(command.name(program))
        .section("8")
        .source(format!("rntpdate {version}"))
        .manual("System Administration")
        .date("2026-11-23");
    let mut page = Vec::new();
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    let mut options = Vec::new();
    man.render_options_section(&mut options).unwrap();
    let (before, after) = prose(program);
    String::from_utf8(page).unwrap() + &before + &String::from_utf8(options).unwrap() + &after
}

#[test]
fn man_pages_are_up_to_date() {
    for (program, command) in programs() {
        check(&format!("man/{program}.8"), &man_page(program, command));
    }
}

#[test]
fn completions_are_up_to_date() {
    for (program, mut command) in programs() {
        for (shell, path) in [
            (Shell::Bash, format!("completions/{program}.bash")),
            (Shell::Zsh, format!("completions/_{program}")),
            (Shell::Fish, format!("completions/{program}.fish")),
        ] {
            let mut script = Vec::new();
            generate(shell, &mut command, program, &mut script);
            check(&path, &String::from_utf8(script).unwrap());
        }
    }
}

#[test]
fn shells_and_man_accept_what_was_generated() {
    for (checker, arguments, suffix) in
        [("bash", "-n", ".bash"), ("zsh", "-n", ""), ("fish", "--no-execute", ".fish"), ("mandoc", "-Wwarning", ".8")]
    {
        if !require::present(checker) {
            continue;
        }
        for (program, _) in programs() {
            let file = match checker {
                "mandoc" => format!("man/{program}{suffix}"),
                "zsh" => format!("completions/_{program}"),
                _ => format!("completions/{program}{suffix}"),
            };
            let output = std::process::Command::new(checker).arg(arguments).arg(root().join(&file)).output().unwrap();
            assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// Every Rust file below a folder or the file itself, with its text.
fn sources(path: &Path) -> Vec<(PathBuf, String)> {
    if path.is_file() {
        return vec![(path.to_owned(), fs::read_to_string(path).unwrap())];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries
        .flat_map(|entry| sources(&entry.unwrap().path()))
        .filter(|(file, _)| file.extension() == Some("rs".as_ref()))
        .collect()
}

/// The modules that compute and do nothing else. Time, randomness, files and zones reach them as arguments.
const PURE: &[&str] = &[
    "time.rs",
    "net.rs",
    "net/fault.rs",
    "net/usable.rs",
    "wire",
    "exchange",
    "estimate",
    "discipline",
    "control",
    "diagnosis",
    "doctor",
    "policy.rs",
    "printable.rs",
    "plan.rs",
    "outcome.rs",
    "plan/unattended.rs",
    "config",
    "report",
    "config",
    "hwclock/adjtime.rs",
    "hwclock/date.rs",
    "hwclock/date/grammar.rs",
    "hwclock/date/items.rs",
    "hwclock/date/lexer.rs",
    "hwclock/date/resolve.rs",
    "hwclock/date/short.rs",
    "hwclock/date/words.rs",
    "hwclock/drift.rs",
    "hwclock/rtc_time.rs",
    "hwclock/text.rs",
    "hwclock/timeline.rs",
    "hwclock/zone.rs",
    "zone.rs",
];

#[test]
fn pure_modules_are_pure() {
    const EFFECTS: &[&str] = &[
        "crate::system",
        "crate::sync",
        "crate::command",
        "std::fs",
        "std::io",
        "std::env",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant",
        "UdpSocket",
        "getrandom",
        "libc::",
        "nix::",
        "Utc::now",
        "Local::now",
        "chrono::Local",
        "print!",
        "println!",
    ];
    for module in PURE {
        let files = sources(&root().join("src").join(module));
        let (_, top) = files.iter().find(|(file, _)| file.ends_with(module) || file.ends_with("mod.rs")).unwrap();
        assert!(top.contains("#![forbid(unsafe_code)]"), "{module} does not forbid unsafe code");
        for (file, text) in files {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let is_comment = |line: &&str| !line.trim_start().starts_with("//");
            for line in code.lines().filter(is_comment) {
                for effect in EFFECTS {
                    assert!(!line.contains(effect) || is_value(line), "{}: {line}", file.display());
                }
            }
        }
    }
}

/// Uses of effectful paths that are values only: an error number in the system's words.
fn is_value(line: &str) -> bool {
    line.contains("io::Error::from_raw_os_error")
}

#[test]
fn unsafe_code_is_in_one_file() {
    for (file, text) in sources(&root().join("src")) {
        let words = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let has_unsafe = words
            .into_iter()
            .any(|line| line.contains("unsafe {") || line.contains("unsafe fn") || line.contains("unsafe impl"));
        assert!(!has_unsafe || file.ends_with("system/ffi.rs"), "{}", file.display());
        let is_allowed = text.contains("allow(unsafe_code");
        assert!(!is_allowed || file.ends_with("system/mod.rs"), "{}", file.display());
    }
}

#[test]
fn every_unsafe_block_has_its_reason() {
    let text = fs::read_to_string(root().join("src/system/ffi.rs")).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let is_comment = |line: &&&str| line.starts_with("//");
    let blocks = || lines.iter().enumerate().filter(|(_, line)| !line.starts_with("//") && line.contains("unsafe {"));
    assert!(blocks().count() >= 10, "the blocks are written in another way: {}", blocks().count());
    for (place, line) in blocks() {
        let reason: Vec<&&str> = lines[..place].iter().rev().take_while(is_comment).collect();
        assert!(reason.iter().any(|line| line.starts_with("// SAFETY: ")), "line {}: {line}", place + 1);
    }
}

#[test]
fn the_command_line_depends_on_nothing_of_the_crate() {
    for (file, text) in sources(&root().join("src/cli")) {
        assert!(!text.contains("crate::"), "{}", file.display());
    }
}

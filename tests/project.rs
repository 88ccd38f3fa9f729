//! What the project promises of itself: generated files are up to date, pure code is pure, unsafe code is in one place.
//!
//! `RNTPDATE_BLESS=1 cargo test --test project` writes the generated files anew.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "project/circles.rs"]
mod circles;
#[path = "project/documents.rs"]
mod documents;
#[path = "support/require.rs"]
#[allow(dead_code, reason = "a part of it is for other tests")]
mod require;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use rntpdate::internals::cli::rhwclock::RhwclockCli;
use rntpdate::internals::cli::rntpdate::RntpdateCli;

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
        let is_rust = path.extension() == Some("rs".as_ref());
        return is_rust.then(|| (path.to_owned(), fs::read_to_string(path).unwrap())).into_iter().collect();
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.flat_map(|entry| sources(&entry.unwrap().path())).collect()
}

/// The rooms of the library, from top to bottom: each may use those below it, and none above.
const ROOMS: &[&str] = &[
    "run",
    "rhwclock",
    "linux",
    "machine",
    "report",
    "doctor",
    "plan",
    "cli",
    "collect",
    "fleet",
    "config",
    "diagnosis",
    "outcome",
    "discipline",
    "evidence",
    "control",
    "exchange",
    "policy",
    "estimate",
    "nts",
    "zone",
    "rtc",
    "wire",
    "net",
    "check",
    "line",
    "printable",
    "plural",
    "time",
];

/// What a room must not use though it stands below: what Linux gives is asked for by values, not by a plan.
const FORBIDDEN: &[(&str, &[&str])] = &[("linux", &["plan", "report", "cli"]), ("rhwclock", &["plan", "report"])];

/// The rooms and files that compute and do nothing else. Time, randomness, files and zones reach them as arguments.
const PURE: &[&str] = &[
    "check",
    "collect",
    "config",
    "control",
    "diagnosis",
    "discipline",
    "doctor",
    "estimate",
    "evidence.rs",
    "exchange",
    "fleet",
    "line.rs",
    "net.rs",
    "net/fault.rs",
    "net/usable.rs",
    "nts",
    "outcome.rs",
    "plan",
    "policy.rs",
    "plural.rs",
    "printable.rs",
    "report",
    "rhwclock/date.rs",
    "rhwclock/date",
    "rhwclock/text.rs",
    "rtc",
    "time.rs",
    "time",
    "wire",
    "zone",
];

/// The room of a source file, and the rooms that its code names; its tests may use what they like.
fn named_rooms(file: &Path, text: &str) -> (String, Vec<String>) {
    let path = file.strip_prefix(root().join("src")).unwrap();
    let room = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
    let code = text.split("mod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let name = |after: &str| after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let named: Vec<String> =
        lines.flat_map(|line| line.split("crate::").skip(1).map(name).collect::<Vec<_>>()).collect();
    (room, named)
}

#[test]
fn rooms_use_only_what_stands_below_them() {
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    let mut arrows = 0;
    for (file, text) in sources(&root().join("src")) {
        // What is passed on to tests is of every room.
        let is_door = file.ends_with("src/internals.rs");
        if is_door || file.ends_with("tests.rs") || file.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        let (room, named) = named_rooms(&file, &text);
        for other in named.iter().filter(|other| **other != room && place(other).is_some()) {
            let above = place(&room).unwrap_or_else(|| panic!("{} is in no room", file.display()));
            assert!(above < place(other).unwrap(), "{}: {room} uses {other}, which stands above it", file.display());
            let forbidden = FORBIDDEN.iter().find(|(who, _)| *who == room).map_or(&[][..], |(_, what)| what);
            assert!(!forbidden.contains(&other.as_str()), "{}: {room} uses {other}", file.display());
            arrows += 1;
        }
    }
    assert!(arrows > 200, "the source is written in another way: {arrows} uses of other rooms");
}

#[test]
fn pure_modules_are_pure() {
    const EFFECTS: &[&str] = &[
        "crate::linux",
        "crate::machine",
        "crate::run",
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
        let door = Path::new(module).join("mod.rs");
        let top = files.iter().find(|(file, _)| file.ends_with(module) || file.ends_with(&door));
        let is_forbidden = |text: &String| text.contains("#![forbid(unsafe_code)]");
        assert!(top.is_none_or(|(_, text)| is_forbidden(text)), "{module} does not forbid unsafe code");
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

/// The C library's mathematics would have to be found and bound at each start, which takes as long as what a query itself computes.
#[test]
fn mathematics_is_the_languages_own() {
    const FUNCTIONS: &[&str] =
        &["powf", "exp", "exp2", "ln", "log2", "log10", "sin", "cos", "tan", "atan2", "hypot", "cbrt"];
    for (file, text) in sources(&root().join("src")) {
        let code = text.split("mod tests {").next().unwrap_or_default();
        for name in FUNCTIONS.iter().filter(|name| code.contains(&format!(".{name}("))) {
            assert!(file.ends_with("tests.rs"), "{}: libm::{name}() instead of .{name}()", file.display());
        }
    }
}

/// Whoever reads a description first, or by itself, does not know yet whom a pronoun means.
#[test]
fn descriptions_begin_with_what_they_are_of() {
    const BEGINNINGS: &[&str] =
        &["It", "Its", "Such", "Who", "Whom", "Whose", "Of", "These", "Those", "They", "Them", "That", "This"];
    let mut seen = 0;
    let tests = sources(&root().join("tests"))
        .into_iter()
        .filter(|(file, _)| !file.starts_with(root().join("tests/fuzz/target")));
    for (file, text) in sources(&root().join("src")).into_iter().chain(tests) {
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        for (place, line) in lines.iter().enumerate() {
            let Some(description) = line.strip_prefix("/// ") else { continue };
            if place > 0 && lines[place - 1].starts_with("///") {
                continue;
            }
            seen += 1;
            let word = description.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
            let is_ours = description.starts_with("This machine") || description.starts_with("This program");
            let is_at_once_clear = is_ours || !BEGINNINGS.contains(&word);
            assert!(is_at_once_clear, "{}:{}: {line}", file.display(), place + 1);
        }
    }
    assert!(seen > 3000, "the source is written in another way: {seen} descriptions");
}

#[test]
fn unsafe_code_is_in_one_folder() {
    for (file, text) in sources(&root().join("src")) {
        let words = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let has_unsafe = words
            .into_iter()
            .any(|line| line.contains("unsafe {") || line.contains("unsafe fn") || line.contains("unsafe impl"));
        let is_ffi = file.starts_with(root().join("src/linux/ffi"));
        assert!(!has_unsafe || is_ffi, "{}", file.display());
        let is_allowed = text.contains("allow(unsafe_code");
        assert!(!is_allowed || file.ends_with("linux/mod.rs"), "{}", file.display());
    }
}

#[test]
fn every_unsafe_block_has_its_reason() {
    let mut blocks = 0;
    for (file, text) in sources(&root().join("src/linux/ffi")) {
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        let is_comment = |line: &&&str| line.starts_with("//");
        for (place, line) in lines.iter().enumerate() {
            if line.starts_with("//") || !line.contains("unsafe {") {
                continue;
            }
            blocks += 1;
            let reason: Vec<&&str> = lines[..place].iter().rev().take_while(is_comment).collect();
            let has_reason = reason.iter().any(|line| line.starts_with("// SAFETY: "));
            assert!(has_reason, "{}:{}: {line}", file.display(), place + 1);
        }
    }
    assert!(blocks >= 10, "the blocks are written in another way: {blocks}");
}

#[test]
fn the_command_line_depends_on_nothing_of_the_crate() {
    for (file, text) in sources(&root().join("src/cli")) {
        assert!(!text.contains("crate::"), "{}", file.display());
    }
}

//! What README.Debian shows, and what really happened.

use crate::support::guest::GuestRun;

const README: &str = include_str!("../../../contrib/debian/README.Debian");

/// Checks that each line that README.Debian shows under a title stands in the part of a run that has this name; numbers
/// may differ, and the order, for a journal has lines of several processes.
#[track_caller]
pub(super) fn check(title: &str, run: &GuestRun, name: &str) {
    let shown = transcript(title);
    assert!(shown.len() > 1, "README.Debian shows nothing under {title:?}");
    let real: Vec<String> = part(&run.console, name).map(rubbed).collect();
    for line in &shown {
        let wanted = rubbed(line);
        assert!(
            real.iter().any(|line| line.contains(&wanted)),
            "README.Debian shows, under {title:?}: {line}\nand this was: {}\nof: {}",
            real.join("\n"),
            run.console
        );
    }
}

/// The indented lines below a title, without the command and the dots that stand for more.
fn transcript(title: &str) -> Vec<&'static str> {
    let (_, text) = README.split_once(&format!("\n{title}")).unwrap_or_default();
    let (_, text) = text.split_once("\n    ").unwrap_or_default();
    text.lines()
        .map(str::trim_start)
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("# ") && !line.starts_with("..."))
        .collect()
}

/// What stands between the lines `# NAME` and `# end`.
fn part<'a>(console: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let begin = format!("# {name}");
    let mut inside = false;
    console.lines().filter(move |line| {
        inside = *line == begin || (inside && *line != "# end");
        inside
    })
}

/// A line with `#` for each number and one space between words.
fn rubbed(line: &str) -> String {
    let mut text = String::new();
    for word in line.split_whitespace() {
        let mut number = false;
        for letter in word.chars() {
            if letter.is_ascii_digit() || (number && letter == '.') {
                if !number {
                    text.push('#');
                }
                number = true;
            } else {
                number = false;
                text.push(letter);
            }
        }
        text.push(' ');
    }
    text.trim_end().to_owned()
}

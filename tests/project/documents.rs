//! Documents name what is there: files, test crates, and options of the test runner.

use std::fs;
use std::process::Command;

use super::root;

/// The documents for people who read the source.
const DOCUMENTS: &[&str] = &[
    "README.md",
    ".github/CONTRIBUTING.md",
    ".github/SECURITY.md",
    "tests/attacks/README.md",
    "tests/bench/README.md",
    "tests/fast/discipline/README.md",
];

/// Words of a text that begin like this, up to what cannot be part of a path.
fn words<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    let begins = text.match_indices(start).filter(|(place, _)| !text[..*place].ends_with(|c: char| is_path(c)));
    begins.map(|(place, _)| text[place..].split(|c| !is_path(c)).next().unwrap_or_default()).collect()
}

fn is_path(c: char) -> bool {
    c.is_alphanumeric() || "/_-.".contains(c)
}

#[test]
fn files_that_documents_name_are_there() {
    let mut found = 0;
    for document in DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).unwrap_or_else(|error| panic!("{document}: {error}"));
        for start in ["tests/", "src/", "man/", "contrib/", "completions/", ".github/", ".ci/"] {
            for path in words(&text, start) {
                let path = path.trim_end_matches('.');
                assert!(root().join(path).exists(), "{document} names {path}, which is not there");
                found += 1;
            }
        }
    }
    assert!(found > 30, "the documents are written in another way: {found} paths");
}

#[test]
fn test_crates_that_are_named_are_there() {
    let help = Command::new(root().join("tests/run")).arg("--help").output().expect("tests/run starts");
    assert!(help.status.success(), "{help:?}");
    let runner = fs::read_to_string(root().join("tests/run")).expect("a runner");
    let mut texts = vec![String::from_utf8(help.stdout).expect("text"), runner.clone()];
    texts.extend(DOCUMENTS.iter().map(|document| fs::read_to_string(root().join(document)).expect("a document")));
    let exists = |name: &str| {
        ["tests/NAME.rs", "tests/NAME/main.rs"].iter().any(|path| root().join(path.replace("NAME", name)).exists())
    };
    let mut named = 0;
    for text in &texts {
        for (place, option) in text.match_indices("--test ") {
            let name = text[place + option.len()..]
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .next()
                .unwrap_or_default();
            assert!(name == "NAME" || exists(name), "there is no test crate {name:?}");
            named += 1;
        }
    }
    assert!(named > 10, "{named}");
    // What is no part of the whole run is checked by nobody.
    for entry in fs::read_dir(root().join("tests")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let is_crate = path.extension().is_some_and(|ending| ending == "rs") || path.join("main.rs").exists();
        assert!(!is_crate || runner.contains(&format!("--test {name} ")), "tests/run does not run {name}");
    }
}

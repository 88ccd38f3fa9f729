//! Files in the forms of all time services, as packages and users write them: tests/forms. Each is read from its usual place, and
//! as one that the user names.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use rntpdate::internals::config::{ProofWish, Server};
use rntpdate::internals::linux::files::config::{Found, configured_under, named};

/// A file with what is to be found in it.
#[derive(Debug, Default)]
struct Case {
    path: String,
    /// The words as typed, with `!key` or `!nts` where the file wants that proof.
    servers: String,
    agree: Option<u32>,
    /// The lines that are wrong; 0 for the file as a whole.
    faults: Vec<usize>,
    text: String,
}

/// A kind's cases: `@@ PATH`, then what is expected, then the text.
fn cases(file: &Path) -> Vec<Case> {
    let text = fs::read_to_string(file).unwrap();
    text.split("@@ ").filter(|part| !part.is_empty()).map(case).collect()
}

fn case(part: &str) -> Case {
    let (path, mut rest) = part.split_once('\n').unwrap();
    let mut case = Case { path: path.to_owned(), ..Case::default() };
    while let Some((line, after)) = rest.split_once('\n') {
        match line.split_once(':') {
            Some(("servers", servers)) => case.servers = servers.trim().to_owned(),
            Some(("agree", number)) => case.agree = Some(number.trim().parse().unwrap()),
            Some(("faults", lines)) => {
                case.faults = lines.split_whitespace().map(|line| line.parse().unwrap()).collect();
            }
            _ => break,
        }
        rest = after;
    }
    case.text = rest.to_owned();
    case
}

fn shown(server: &Server) -> String {
    let proof = match server.proof {
        Some(ProofWish::Key(_)) => "!key",
        Some(ProofWish::Nts(_)) => "!nts",
        None => "",
    };
    let port = server.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}{proof}", server.host)
}

/// What differs from what is expected.
fn differences(case: &Case, found: Option<&Found>) -> Vec<String> {
    let Some(found) = found else { return vec!["not found".to_owned()] };
    let servers = found.servers.iter().map(shown).collect::<Vec<_>>().join(" ");
    let faults: Vec<usize> = found.faults.iter().map(|fault| fault.line.unwrap_or(0)).collect();
    let mut wrong = Vec::new();
    if servers != case.servers {
        wrong.push(format!("servers: {servers}, and not {}", case.servers));
    }
    if found.min_servers != case.agree {
        wrong.push(format!("agree: {:?}, and not {:?}", found.min_servers, case.agree));
    }
    if faults != case.faults {
        wrong.push(format!("faults: {:?}, and not {:?}", found.faults, case.faults));
    }
    wrong
}

#[test]
fn real_files_are_read_as_their_services_read_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forms");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 11, "{files:?}");
    let mut wrong = Vec::new();
    for file in &files {
        let cases = cases(file);
        assert!(cases.len() >= 3, "{}", file.display());
        for (number, case) in cases.iter().enumerate() {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join(case.path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &case.text).unwrap();
            let usual = configured_under(root.path());
            let typed = named(&path);
            let place = format!("{} {number} ({})", file.file_stem().unwrap().to_string_lossy(), case.path);
            let of_usual = differences(case, usual.first());
            // What a named file refers to is another machine's.
            let of_typed = differences(case, typed.as_ref().ok());
            println!(
                "{place}: {} servers: {}",
                case.servers.split_whitespace().count(),
                if of_usual.is_empty() && of_typed.is_empty() { "right" } else { "WRONG" }
            );
            wrong.extend(of_usual.into_iter().map(|text| format!("{place}: {text}")));
            wrong.extend(of_typed.into_iter().map(|text| format!("{place}, named: {text}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// No word of it becomes a host, and the message tells what it looks like and what would be read.
#[test]
fn what_is_no_form_is_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    for (name, text, looks_like) in [
        ("ntp.json", "{ \"servers\": [\"a.example\"] }\n", "JSON"),
        ("compose.yaml", "services:\n  ntp:\n    image: a\n    ports:\n      - \"123:123/udp\"\n", "YAML"),
        ("Cargo.toml", "[package]\nname = \"ntp\"\nversion = \"4\"\n", "sections with settings of something else"),
        ("NetworkManager.conf", "[main]\nplugins=keyfile\nntp=4\n", "sections with settings of something else"),
        (
            "os-release",
            "NAME=\"Debian\"\nID=debian\nVERSION_ID=12\n",
            "variables, none of which is known to name servers",
        ),
        ("passwd", "root:x:0:0:root:/root:/bin/bash\nntp:x:4:4::/:/bin/false\n", "other text"),
        ("notes", "The ntp server is in room 4,\nand its name is ntp.\n", "other text"),
        ("number", "4\n", "other text"),
        ("script", "#!/bin/sh\nntpdate -b ntp.example\n", "a script"),
        ("id_rsa", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA\n", "a key or a certificate"),
        ("chrony.conf", "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0", "a program"),
        ("empty", "# nothing\n\n", "an empty file"),
    ] {
        let path = root.path().join(name);
        fs::write(&path, text).unwrap();
        let refused = named(&path).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("this looks like {looks_like}, and not like a file that names time servers")),
            "{refused}"
        );
        assert!(refused.contains("ntp.toml"), "{refused}");
    }
}

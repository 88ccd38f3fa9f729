//! Keys that configuration files want: each server proves itself by its own, from the file of keys that is named there, and one
//! whose key cannot be had is not asked.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::ntpserver::{Builder, SECOND, Server};
use rntpdate::internals::wire::{Algorithm, Key, KeyId};

const KEYS: &str = "1 SHA1 unmistakable\n2 SHA256 elsewhere-kept\n3 RMD160 foreign\n";

fn key(id: u32) -> Key {
    let (algorithm, secret) =
        if id == 1 { (Algorithm::Sha1, "unmistakable") } else { (Algorithm::Sha256, "elsewhere-kept") };
    Key::new(KeyId::new(id).unwrap(), algorithm, secret.as_bytes().to_vec().into()).unwrap()
}

/// A server that signs with this key, whatever it is asked with.
fn signing(id: u32) -> Builder {
    Server::builder().offset(SECOND).edit(move |_, reply| key(id).sign(reply))
}

/// A folder with a configuration and its keys; `@` in the text of the configuration is the folder.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(configuration: &str) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        let place = folder.0.path().display().to_string();
        fs::write(folder.path("conf"), configuration.replace('@', &place)).unwrap();
        folder.keys(KEYS, 0o600);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn keys(&self, text: &str, mode: u32) {
        fs::write(self.path("keys"), text).unwrap();
        fs::set_permissions(self.path("keys"), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A run with this configuration; fails the test if a secret is in what it prints.
    fn run(&self, options: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rntpdate"));
        command.args(["-t1", "--interval=0.05", "--from"]).arg(self.path("conf")).args(options).env("TZ", "UTC");
        let output = command.output().unwrap();
        let printed = printed(&output);
        assert!(
            ["unmistakable", "elsewhere-kept", "foreign"].iter().all(|secret| !printed.contains(secret)),
            "{printed}"
        );
        output
    }
}

fn printed(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

/// Whether all that the server was asked carries this key's code, and it was asked at all.
#[track_caller]
fn assert_asked_with(server: &Server, key: Option<&Key>) {
    // -d also asks what it says of itself, in another mode and without a code.
    let requests: Vec<_> = server.requests().into_iter().filter(|request| request.bytes[0] & 7 == 3).collect();
    assert!(!requests.is_empty(), "it was not asked");
    for request in requests {
        match key {
            Some(key) => assert_eq!(key.verify(&request.bytes), Ok(())),
            None => assert_eq!(request.bytes.len(), 48),
        }
    }
}

#[test]
fn each_server_proves_itself_by_its_own_key() {
    for (form, file) in [("keys \"@/keys\"", "ntp.conf"), ("keyfile @/keys\nmakestep 1 3", "chrony.conf")] {
        let (one, two, plain) = (signing(1).start(), signing(2).start(), Server::builder().offset(SECOND).start());
        let folder = Folder::new(&format!(
            "{form}\nserver 127.0.0.1:{} key 1 iburst\nserver 127.0.0.1:{} iburst key 2\nserver 127.0.0.1:{}\n",
            one.port(),
            two.port(),
            plain.port(),
        ));
        let output = folder.run(&["-d", "-p2"]);
        let text = printed(&output);
        assert_eq!(output.status.code(), Some(0), "{file}: {text}");
        for (server, id) in [(&one, 1), (&two, 2)] {
            assert_asked_with(server, Some(&key(id)));
            let proven = format!(
                "127.0.0.1:{}: fit, proven by key {id} ({}) of {}, 2 of 2 requests answered (reach 003)\n",
                server.port(),
                key(id).algorithm(),
                folder.path("keys").display(),
            );
            assert!(text.contains(&proven), "{file}: {text}");
        }
        assert_asked_with(&plain, None);
        assert!(text.contains(&format!("127.0.0.1:{}: fit, 2 of 2 requests answered (reach 003)\n", plain.port())));
        let verbose = printed(&folder.run(&["-qv", "-p1"]));
        assert!(
            verbose.contains(&format!("authentication with key 1 (SHA1) of {}, for ", folder.path("keys").display()))
        );
        assert!(!verbose.contains("asked without that") && !verbose.contains("wants a key"), "{verbose}");
    }
}

#[test]
fn a_server_that_knows_another_servers_key_is_not_believed() {
    let (right, wrong) = (signing(1).start(), signing(1).start());
    let folder = Folder::new(&format!(
        "keys @/keys\nserver 127.0.0.1:{} key 1\nserver 127.0.0.1:{} key 2\n",
        right.port(),
        wrong.port()
    ));
    let output = folder.run(&["-q", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = |place: usize| {
        let server = &report["servers"][place];
        let proof = &server["authentication"];
        (server["standing"].clone(), proof["key"].clone(), proof["file"].clone(), proof["result"].clone())
    };
    let file = folder.path("keys").display().to_string();
    assert_eq!(found(0), ("truechimer".into(), 1.into(), file.as_str().into(), "passed".into()), "{report}");
    assert_eq!(found(1), ("dropped".into(), 2.into(), file.as_str().into(), "failed".into()), "{report}");
}

#[test]
fn the_command_lines_key_comes_before_those_of_files() {
    let (one, plain) = (signing(2).start(), signing(2).start());
    let folder = Folder::new(&format!(
        "keys /nonexistent/keys\nserver 127.0.0.1:{} key 1\nserver 127.0.0.1:{}\n",
        one.port(),
        plain.port()
    ));
    let output = folder.run(&["-q", "-a2", "-k", folder.path("keys").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
    assert_asked_with(&one, Some(&key(2)));
    assert_asked_with(&plain, Some(&key(2)));
    let missing = folder.run(&["-q", "-a9", "-k", folder.path("keys").to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(1), "{}", printed(&missing));
}

/// Runs with one server that has to prove itself by key `wanted` and a plain one: the first is not asked, for this cause.
#[track_caller]
fn assert_not_asked(form: &str, wanted: &str, prepare: impl Fn(&Folder), cause: impl Fn(&Path) -> String) {
    let (proven, plain) = (signing(1).start(), Server::builder().offset(SECOND).start());
    let lines = format!("{form}\nserver 127.0.0.2:{} {wanted}\nserver 127.0.0.1:{}\n", proven.port(), plain.port());
    let folder = Folder::new(&lines);
    prepare(&folder);
    let why = cause(folder.0.path());
    let output = folder.run(&["-q"]);
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
    let line = format!(": host 127.0.0.2 is not asked: {why}");
    assert!(String::from_utf8_lossy(&output.stderr).contains(&line), "{line} in {}", printed(&output));
    let report: serde_json::Value = serde_json::from_slice(&folder.run(&["-q", "--json"]).stdout).unwrap();
    let host = &report["hosts"][0];
    assert!(host["error"].as_str().unwrap().contains(&why), "{report}");
    assert_eq!((&host["verdict"]["code"], &host["addresses"]), (&"no-key".into(), &serde_json::json!([])));
    assert!(
        printed(&folder.run(&["-d", "-p1"])).contains("  cause (certain): a file wants it to prove itself by a key")
    );
    assert!(proven.requests().is_empty(), "it was asked without proof");
    // Alone it is nobody to ask.
    fs::write(folder.path("conf"), folder_text(&folder).lines().take(2).collect::<Vec<_>>().join("\n")).unwrap();
    let output = folder.run(&["-q"]);
    let text = printed(&output);
    assert!(output.status.code() == Some(1) && text.contains("no servers can be used"), "{text}");
    assert!(proven.requests().is_empty(), "it was asked without proof");
}

fn folder_text(folder: &Folder) -> String {
    fs::read_to_string(folder.path("conf")).unwrap()
}

#[test]
fn a_server_whose_key_cannot_be_had_is_not_asked() {
    let nothing = |_: &Folder| {};
    let keys = |folder: &Path| format!("key file {}/keys: ", folder.display());
    assert_not_asked("keys @/missing", "key 1", nothing, |folder| {
        format!("key file {}/missing: there is no such file", folder.display())
    });
    assert_not_asked("keys @", "key 1", nothing, |folder| {
        format!("key file {}/: it is not a regular file", folder.display()).replace("/:", ":")
    });
    assert_not_asked("keys @/keys", "key 7", nothing, |folder| keys(folder) + "it has no key 7, only 1, 2, 3");
    assert_not_asked("keys @/keys", "key 3", nothing, |folder| keys(folder) + "line 3: key 3 has the type RMD160");
    let open = |folder: &Folder| folder.keys(KEYS, 0o644);
    assert_not_asked("keys @/keys", "key 1", open, |folder| keys(folder) + "everyone can read it (mode 0644)");
    let nameless = |folder: &Path| format!("{}/conf wants key 1 for it, and names no file of keys", folder.display());
    assert_not_asked("driftfile /x", "key 1", nothing, nameless);
    let no_number = |folder: &Path| format!("{}/conf wants a key for it, and gives no number", folder.display());
    for wanted in ["autokey", "key 0", "key +1", "key 4294967296", "key -1", "key"] {
        assert_not_asked("keys @/keys", wanted, nothing, no_number);
    }
}

#[test]
fn a_key_that_some_line_wants_is_wanted_whichever_line_comes_first() {
    let server = signing(1).start();
    let line = format!("server 127.0.0.1:{}", server.port());
    let folder = Folder::new(&format!("keyfile keys\n{line}\nconfdir @\n{line} key 1\nmakestep 1 3\n"));
    let output = folder.run(&["-q"]);
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
    assert_asked_with(&server, Some(&key(1)));
}

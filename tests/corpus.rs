//! The kept inputs of the fuzz targets through the same properties, without a fuzzer: tests/fuzz/run looks for new ones.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

#[path = "fuzz/properties/mod.rs"]
mod properties;

/// A test for each target, and all their names.
macro_rules! targets {
    ($($name:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            replay(stringify!($name), properties::$name::check);
        })*
    };
}

targets! {
    adjtime authentication chrony_conf control date exchange history keys ntp_conf ntp_toml ntpdate_defaults nts_fields nts_jar
    nts_records openntpd_conf packet reports server_lists sysconfig timemaster_conf timesyncd_conf uci
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn replay(target: &str, property: fn(&[u8])) {
    let folder = root().join("corpus").join(target);
    let files = names(&folder);
    assert!(!files.is_empty(), "{target} has no inputs");
    for file in files {
        let input = fs::read(folder.join(&file)).unwrap();
        // Shown where the property panics, which does not know the file.
        println!("{target}/{file}");
        property(&input);
    }
}

#[test]
fn every_target_is_built_and_replayed_and_has_inputs() {
    assert_eq!(names(&root().join("corpus")), NAMES);
    let targets: Vec<String> = NAMES.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&root().join("targets")), targets);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for target in targets {
        assert!(manifest.contains(&format!("path = \"targets/{target}\"")), "{target} is not built");
    }
}

//! The kept inputs of the fuzz targets through the same properties, without a fuzzer: tests/fuzz/run looks for new ones.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "fuzz/properties/mod.rs"]
mod properties;

fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_kept_input_has_the_properties_of_its_target() {
    for (target, property) in properties::ALL {
        let files = inputs(target);
        assert!(!files.is_empty(), "{target} has no inputs");
        for file in files {
            let input = fs::read(&file).unwrap();
            // The name first: the panic that follows does not tell it.
            let failed = std::panic::catch_unwind(|| property(&input)).is_err();
            assert!(!failed, "{} breaks a property of {target}", file.display());
        }
    }
}

#[test]
fn every_target_has_its_inputs_and_the_other_way_round() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let mut names: Vec<String> = properties::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    for (folder, suffix) in [("corpus", ""), ("targets", ".rs")] {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        let mut found: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(suffix).to_owned())
            .collect();
        found.sort();
        assert_eq!(found, names, "tests/fuzz/{folder}");
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name} is not built");
    }
}

//! contrib's alert rules and dashboard speak of metrics that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::require;

pub(crate) fn contrib(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(name)
}

/// The expressions of the dashboard's panels, with all jobs and machines chosen.
pub(crate) fn dashboard_expressions() -> Vec<String> {
    let text = fs::read_to_string(contrib("rntpdate.dashboard.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().replace("$job", ".*").replace("$instance", ".*")).collect()
}

/// The words in a text that name a metric of rntpdate.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("rntpdate_")).collect()
}

#[test]
fn rules_dashboard_and_manual_name_metrics_that_exist() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/metrics.rs");
    let source = fs::read_to_string(source).unwrap();
    let existing = metrics(source.split("#[cfg(test)]").next().unwrap());
    assert!(existing.len() > 15, "{existing:?}");
    let rules = fs::read_to_string(contrib("rntpdate.rules.yml")).unwrap();
    let expressions = dashboard_expressions().join("\n");
    for (what, text) in [("rules", &rules), ("dashboard", &expressions)] {
        let named = metrics(text);
        assert!(named.len() > 5 && named.is_subset(&existing), "{what}: {:?}", named.difference(&existing));
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("man/prose/rntpdate/65-monitoring.roff");
    let page = fs::read_to_string(page).unwrap();
    for name in existing {
        assert!(page.contains(name.trim_start_matches("rntpdate_")), "the manual page lacks {name}");
    }
}

#[test]
fn promtool_accepts_the_rules_and_each_fires_for_what_it_is_for() {
    let Some(tree) = require::more("monitoring") else { return };
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rntpdate.rules.yml");
    fs::copy(contrib("rntpdate.rules.yml"), &rules).unwrap();
    let tests = folder.path().join("rules-test.yml");
    fs::write(&tests, include_str!("rules-test.yml")).unwrap();
    for (words, file) in [(["check", "rules"], &rules), (["test", "rules"], &tests)] {
        let output = Command::new(tree.join("usr/bin/promtool")).args(words).arg(file).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    }
}

//! The form of the JSON object, as it is published.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../../contrib/rntpdate.schema.json");
    let schema: Value = serde_json::from_str(text).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is one")
});

/// Checks an object of a run against the schema, which has all members that there are, and no others.
#[track_caller]
pub(crate) fn check(object: &Value) {
    let faults: Vec<String> =
        SCHEMA.iter_errors(object).map(|fault| format!("{} at {}", fault, fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{object}");
}

static FLEET: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../../contrib/rntpdate-fleet.schema.json");
    let schema: Value = serde_json::from_str(text).expect("the schema is JSON");
    jsonschema::draft202012::new(&schema).expect("the schema is one")
});

/// Checks an object of `--fleet` or `--collect` in the same way.
#[track_caller]
pub(crate) fn check_fleet(object: &Value) {
    let faults: Vec<String> =
        FLEET.iter_errors(object).map(|fault| format!("{} at {}", fault, fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{object}");
}

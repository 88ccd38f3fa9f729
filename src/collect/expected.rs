//! The nodes that have to be there.

use std::collections::HashSet;

/// Finds the names of a list (one on each line, comments from `#` on) that none of the nodes has, each once. A name without a
/// domain stands for the same name with one, and the other way round.
pub fn missing<'a>(list: &str, nodes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut known: HashSet<String> = HashSet::new();
    let mut short: HashSet<String> = HashSet::new();
    for node in nodes {
        let node = node.to_ascii_lowercase();
        if let Some(host) = host(&node) {
            short.insert(host.to_owned());
        }
        known.insert(node);
    }
    let mut seen = HashSet::new();
    let names = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim().to_ascii_lowercase());
    let names = names.filter(|name| !name.is_empty() && seen.insert(name.clone()));
    let is_there = |name: &String| {
        known.contains(name) || short.contains(name) || host(name).is_some_and(|host| known.contains(host))
    };
    names.filter(|name| !is_there(name)).collect()
}

/// The part of a name before its domain. An address has none.
fn host(name: &str) -> Option<&str> {
    if name.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    name.split_once('.').map(|(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_of_the_list_has_to_be_there() {
        let list = "# nodes\nnode01\nNODE02 # rack 2\nnode03.example\nnode04\n\n192.0.2.1\nnode05\nnode05\n";
        let nodes = ["node01", "node02.example", "node03", "192.0.2.7", "node5"];
        assert_eq!(missing(list, nodes.into_iter()), ["node04", "192.0.2.1", "node05"]);
        assert!(missing("", nodes.into_iter()).is_empty());
    }
}

//! Whose line it is: the forms in which tools say so.

/// A line, and the node that it is from as far as the line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Labelled<'a> {
    /// `node01: LINE`, `3: LINE`, `[pod/NAME/CONTAINER] LINE`.
    Of(&'a str, &'a str),
    /// A tool's own word on a node: `pdsh@host: node01: ssh exited with exit code 255`.
    Said(&'a str, &'a str),
    /// Ansible's `node01 | CHANGED | rc=0 >>`: what follows is that node's.
    Head(&'a str),
    /// A rule of dashes, as clush -b and dshbak set around a node's name.
    Rule,
    /// A line without a label.
    Bare(&'a str),
}

/// The longest name of a node.
const MAX_NAME: usize = 255;
/// Words that stand before a colon and name no node.
const NO_NODES: [&str; 19] = [
    "warning", "error", "note", "info", "debug", "fatal", "ssh", "sh", "bash", "sudo", "su", "env", "timeout",
    "ansible", "kubectl", "rntpdate", "skipped", "origin", "hint",
];

/// Finds the label of a line.
pub(super) fn label(line: &str) -> Labelled<'_> {
    let line = line.trim_end();
    let trimmed = line.trim_start();
    if trimmed.len() >= 8 && trimmed.bytes().all(|byte| byte == b'-') {
        return Labelled::Rule;
    }
    if let Some((pod, rest)) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        // kubectl's prefix names the kind first and the container last.
        let mut parts = pod.split('/');
        if let (Some("pod"), Some(name)) = (parts.next(), parts.next())
            && is_node(name)
        {
            return Labelled::Of(name, rest);
        }
    }
    if let Some(labelled) = playbook(trimmed) {
        return labelled;
    }
    if let Some((node, rest)) = trimmed.split_once(" | ")
        && is_node(node)
    {
        return ansible(node, rest);
    }
    match trimmed.split_once(": ") {
        Some((tool, rest)) if tool == "clush" || tool == "srun" || tool.starts_with("pdsh@") => said(tool, rest),
        Some((node, rest)) if is_node(node) => Labelled::Of(node, rest),
        _ => Labelled::Bare(line),
    }
}

/// A task's line of ansible-playbook -v: `changed: [node01] => {…}`, `fatal: [node01]: UNREACHABLE! => {…}`.
fn playbook(line: &str) -> Option<Labelled<'_>> {
    let (status, rest) = line.split_once(": [")?;
    let (node, rest) = rest.split_once(']')?;
    let (_, body) = rest.split_once("=> ")?;
    let is_status = matches!(status, "ok" | "changed" | "failed" | "fatal");
    (is_status && is_node(node)).then_some(Labelled::Of(node, body))
}

/// Ansible's forms with the result in the same line, or in those that follow.
fn ansible<'a>(node: &'a str, rest: &'a str) -> Labelled<'a> {
    if rest.ends_with(">>") {
        return Labelled::Head(node);
    }
    let body =
        rest.split_once("=> ").map(|(_, body)| body).or_else(|| rest.split_once("(stdout) ").map(|(_, body)| body));
    Labelled::Of(node, body.unwrap_or(rest))
}

/// What a tool says of a node, by name or, as srun does, by task.
fn said<'a>(tool: &str, rest: &'a str) -> Labelled<'a> {
    if tool == "srun" {
        let task = rest.split_once("task ").map(|(_, after)| after.split(':').next().unwrap_or_default());
        let number = task.filter(|task| !task.is_empty() && task.bytes().all(|byte| byte.is_ascii_digit()));
        return number.map_or(Labelled::Bare(rest), |number| Labelled::Said(number, rest));
    }
    match rest.split_once(": ") {
        Some((node, text)) if is_node(node) => Labelled::Said(node, text),
        _ => Labelled::Bare(rest),
    }
}

/// Whether a word can be a node's name.
pub(super) fn is_node(word: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%' | b'@' | b'/');
    (1..=MAX_NAME).contains(&word.len())
        && word.bytes().all(plain)
        && word.as_bytes()[0].is_ascii_alphanumeric()
        && !NO_NODES.iter().any(|no| word.eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_says_in_its_own_way_whose_line_it_is() {
        for (line, labelled) in [
            ("{\"a\": 1}", Labelled::Bare("{\"a\": 1}")),
            ("node01: {\"a\": 1}", Labelled::Of("node01", "{\"a\": 1}")),
            ("  3: {}", Labelled::Of("3", "{}")),
            ("fe80::1: {}", Labelled::Of("fe80::1", "{}")),
            ("[pod/clock-x7/rntpdate] {}", Labelled::Of("clock-x7", "{}")),
            ("n1 | CHANGED | rc=0 >>", Labelled::Head("n1")),
            ("n1 | CHANGED | rc=0 | (stdout) {}", Labelled::Of("n1", "{}")),
            ("n1 | UNREACHABLE! => {", Labelled::Of("n1", "{")),
            ("n1 | UNREACHABLE!: no way", Labelled::Of("n1", "UNREACHABLE!: no way")),
            ("changed: [n1] => {\"a\": 1}", Labelled::Of("n1", "{\"a\": 1}")),
            ("fatal: [n1]: FAILED! => {", Labelled::Of("n1", "{")),
            ("pdsh@head: n1: ssh exited with exit code 255", Labelled::Said("n1", "ssh exited with exit code 255")),
            ("clush: n1: exited with exit code 255", Labelled::Said("n1", "exited with exit code 255")),
            (
                "srun: error: n1: task 3: Exited with exit code 1",
                Labelled::Said("3", "error: n1: task 3: Exited with exit code 1"),
            ),
            ("srun: job 5 queued", Labelled::Bare("job 5 queued")),
            ("---------------", Labelled::Rule),
            ("Warning: Permanently added 'n1'", Labelled::Bare("Warning: Permanently added 'n1'")),
            ("a b: c", Labelled::Bare("a b: c")),
            ("\u{1b}[31m: {}", Labelled::Bare("\u{1b}[31m: {}")),
            (": {}", Labelled::Bare(": {}")),
            ("[pod/\u{1b}/x] {}", Labelled::Bare("[pod/\u{1b}/x] {}")),
            ("", Labelled::Bare("")),
        ] {
            assert_eq!(label(line), labelled, "{line:?}");
        }
        let long = format!("{}: {{}}", "a".repeat(300));
        assert!(matches!(label(&long), Labelled::Bare(_)));
    }
}

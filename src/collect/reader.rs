//! From lines to what each node delivered.

use crate::plural::{counted, verb};
use std::collections::HashMap;

use super::document::{Document, TaskResult, Unread, read};
use super::labels::{Labelled, is_node, label};
use super::run::Run;

/// The longest line that is looked at, in bytes: an object with hundreds of servers.
pub const MAX_LINE: usize = 1 << 20;
/// The most nodes.
pub const MAX_NODES: usize = 65_536;
/// The longest JSON text of several lines, as Ansible writes one for all nodes.
const MAX_DOCUMENT: usize = 32 << 20;
/// So much of what a node said in the place of a result is kept, in characters.
const MAX_TEXT: usize = 200;

/// What one node delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// As the tool calls it; `#1` and so on where nothing does.
    pub node: String,
    /// The node's run, or what came in the place of one.
    pub result: Result<Run, String>,
}

/// The input, line by line.
#[derive(Debug, Default)]
pub struct Reader {
    nodes: Vec<Delivered>,
    places: HashMap<String, usize>,
    /// The node that lines without a label belong to, after a heading.
    section: Option<String>,
    /// After a rule of dashes a name stands alone.
    is_after_rule: bool,
    /// After that name there is another rule.
    is_after_name: bool,
    document: Option<Partial>,
    bare: usize,
    /// Nodes beyond the limit.
    left_out: usize,
    /// Lines that are no node's result, and the first of them.
    noise: usize,
    first_noise: Option<String>,
}

/// A JSON text that is not complete yet.
#[derive(Debug)]
struct Partial {
    node: Option<String>,
    text: String,
    depth: usize,
}

impl Reader {
    /// Takes in the next line, without its end.
    pub fn line(&mut self, line: &str) {
        if line.len() > MAX_LINE {
            return self.noise(None, "a line of more than 1 MiB");
        }
        if self.document.is_some() && self.went_on(line) {
            return;
        }
        if std::mem::take(&mut self.is_after_rule)
            && let Some(name) = heading(line)
        {
            (self.section, self.is_after_name) = (Some(name.to_owned()), true);
            return;
        }
        let is_second = std::mem::take(&mut self.is_after_name);
        match label(line) {
            Labelled::Rule => self.is_after_rule = !is_second,
            Labelled::Head(node) => {
                self.section = Some(node.to_owned());
                // Said at once: a node may say nothing more.
                self.note(node, "it printed nothing");
            }
            Labelled::Said(node, text) => self.note(node, text),
            // Within a section a colon is part of what the node says, unless an object follows it.
            Labelled::Of(_, rest) if self.section.is_some() && !rest.trim_start().starts_with('{') => {
                self.bare_line(line);
            }
            Labelled::Of(node, rest) => self.said(Some(node.to_owned()), rest),
            Labelled::Bare(rest) => self.bare_line(rest),
        }
    }

    /// What came, in the order in which the nodes did first.
    pub fn finish(mut self) -> (Vec<Delivered>, Vec<String>) {
        if let Some(document) = self.document.take() {
            self.noise(document.node.as_deref(), &document.text);
        }
        let mut warnings = Vec::new();
        if let (true, Some(first)) = (self.nodes.is_empty(), &self.first_noise) {
            warnings.push(match self.noise {
                1 => format!("1 line is no output of \"rntpdate --json\": {first}"),
                many => format!("{many} lines are no output of \"rntpdate --json\"; the first: {first}"),
            });
        }
        if self.left_out > 0 {
            let (lines, were) = (counted(self.left_out, "line"), verb(self.left_out, "was", "were"));
            warnings.push(format!(
                "{lines} of nodes beyond the first {MAX_NODES} {were} passed over: collect them in parts"
            ));
        }
        (self.nodes, warnings)
    }

    fn bare_line(&mut self, line: &str) {
        let section = self.section.clone();
        self.said(section, line);
    }

    /// A node has said this; an unknown one where it is none.
    fn said(&mut self, node: Option<String>, text: &str) {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return;
        }
        if !trimmed.starts_with('{') {
            return self.noise(node.as_deref(), trimmed);
        }
        match read(trimmed) {
            Ok(document) => self.take(node, document),
            Err(Unread::NoJson) if trimmed.ends_with('{') => {
                self.document =
                    Some(Partial { node, text: format!("{trimmed}\n"), depth: depth(trimmed, 0).unwrap_or(0) });
            }
            Err(why) => self.noise(node.as_deref(), &why.text()),
        }
    }

    /// Whether a line is a part of the JSON text that has begun.
    fn went_on(&mut self, line: &str) -> bool {
        let Some(mut document) = self.document.take() else { return false };
        let trimmed = line.trim();
        let is_json = trimmed.is_empty()
            || trimmed.starts_with(['"', '{', '}', '[', ']', '-'])
            || ["true", "false", "null"].contains(&trimmed.trim_end_matches(','));
        let is_number = trimmed.starts_with(|c: char| c.is_ascii_digit()) && !trimmed.contains(": ");
        let depth = depth(trimmed, document.depth).filter(|_| is_json || is_number);
        let Some(depth) = depth.filter(|_| document.text.len() + line.len() < MAX_DOCUMENT) else {
            self.noise(document.node.as_deref(), &Unread::NoJson.text());
            return false;
        };
        document.text.push_str(line);
        document.text.push('\n');
        document.depth = depth;
        if depth > 0 {
            self.document = Some(document);
        } else {
            match read(&document.text) {
                Ok(found) => self.take(document.node, found),
                Err(why) => self.noise(document.node.as_deref(), &why.text()),
            }
        }
        true
    }

    fn take(&mut self, node: Option<String>, document: Document) {
        match document {
            Document::Run(run) => {
                let node = node.unwrap_or_else(|| {
                    self.bare += 1;
                    format!("#{}", self.bare)
                });
                self.keep(node, Ok(run));
            }
            Document::Result(result) => self.result(node, &result),
            Document::Playbook(results) => {
                for (node, result) in results.into_iter().filter(|(node, _)| is_node(node)) {
                    self.result(Some(node), &result);
                }
            }
        }
    }

    /// What Ansible says of a task: the run's object is in its output, as text.
    fn result(&mut self, node: Option<String>, result: &TaskResult) {
        let lines = result.stdout.0.as_deref().unwrap_or_default().lines();
        let run = lines.rev().find_map(|line| match line.trim().starts_with('{').then(|| read(line.trim()))? {
            Ok(Document::Run(run)) => Some(Ok(run)),
            Err(why @ Unread::Newer(_)) => Some(Err(why)),
            _ => None,
        });
        match run {
            Some(Ok(run)) => return self.take(node, Document::Run(run)),
            Some(Err(why)) => return self.noise(node.as_deref(), &why.text()),
            None => {}
        }
        // A task that is something else, and went well, says nothing of the clock.
        if result.unreachable || result.failed {
            let texts = [&result.stderr, &result.msg, &result.stdout];
            let text = texts.iter().filter_map(|text| text.0.as_deref()).find(|text| !text.trim().is_empty());
            self.noise(node.as_deref(), text.unwrap_or("the task failed"));
        }
    }

    /// A tool's word on a node, or a text that stands for a result until there is one.
    fn note(&mut self, node: &str, text: &str) {
        self.keep(node.to_owned(), Err(shortened(text)));
    }

    fn noise(&mut self, node: Option<&str>, text: &str) {
        let is_plain = text.starts_with("server ") && text.contains(", stratum ");
        let text = if is_plain { "it ran rntpdate without --json" } else { text };
        match node {
            Some(node) => self.note(node, text),
            None => {
                self.noise += 1;
                self.first_noise.get_or_insert_with(|| shortened(text));
            }
        }
    }

    /// A later run takes the place of an earlier one, and no text that of a run. Of texts the first counts that says anything.
    fn keep(&mut self, node: String, result: Result<Run, String>) {
        match self.places.get(&node) {
            Some(place) => {
                let known = &mut self.nodes[*place].result;
                let is_empty = known.as_ref().is_err_and(|text| text == "it printed nothing");
                if result.is_ok() || is_empty {
                    *known = result;
                }
            }
            None if self.nodes.len() < MAX_NODES => {
                self.places.insert(node.clone(), self.nodes.len());
                self.nodes.push(Delivered { node, result });
            }
            None => self.left_out += 1,
        }
    }
}

/// The node that a heading between rules names; the first of several.
fn heading(line: &str) -> Option<&str> {
    let name = line.trim().split([' ', ',']).next()?;
    is_node(name).then_some(name)
}

fn shortened(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line.to_owned(),
    }
}

/// How deep in brackets a line ends that begins at this depth; nothing where it ends within a string, or closes too much.
fn depth(line: &str, mut depth: usize) -> Option<usize> {
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in line.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => depth += 1,
            b'}' | b']' if !is_string => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    (!is_string).then_some(depth)
}

#[cfg(test)]
mod tests;

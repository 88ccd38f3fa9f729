//! No circle between files, inside the rooms neither: which file uses which, by the paths that its code names.

use std::collections::{BTreeMap, BTreeSet};

use super::{root, sources};

/// The modules of the library, each with its code, without comments and unit tests.
struct Modules(BTreeMap<Vec<String>, String>);

impl Modules {
    fn read() -> Modules {
        let src = root().join("src");
        let mut modules = BTreeMap::new();
        for (file, text) in sources(&src) {
            let path = file.strip_prefix(&src).unwrap().with_extension("");
            let mut parts: Vec<String> = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if parts.iter().any(|part| part == "tests" || part == "bin") || parts == ["main"] {
                continue;
            }
            if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
                parts.pop();
            }
            let code = text.split("mod tests {").next().unwrap_or_default();
            // Who may see an item is no use of anything.
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let lines = lines.map(without_visibility);
            modules.insert(parts, lines.collect::<Vec<_>>().join("\n"));
        }
        Modules(modules)
    }

    /// The module that a path leads to from another one, and the name in it, if the path has one.
    fn find(&self, from: &[String], path: &str) -> (Vec<String>, Option<String>) {
        let mut at = from.to_vec();
        for part in path.split("::") {
            match part {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                name => {
                    at.push(name.to_owned());
                    if !self.0.contains_key(&at) {
                        at.pop();
                        return (at, Some(name.to_owned()));
                    }
                }
            }
        }
        (at, None)
    }

    /// The file that what a path names is written in, behind whatever passes it on.
    fn origin(&self, from: &[String], path: &str, depth: usize) -> Vec<String> {
        let (module, name) = self.find(from, path);
        let Some(name) = name.filter(|_| depth < 6) else { return module };
        let passed = uses(&self.0[&module]).into_iter().find(|(is_public, _, known)| *is_public && *known == name);
        passed.map_or(module.clone(), |(_, path, _)| self.origin(&module, &self.whole(&module, &path), depth + 1))
    }

    /// A path that begins with a module of this one's says so.
    fn whole(&self, from: &[String], path: &str) -> String {
        let first = path.split("::").next().unwrap_or_default();
        let inner = [from, &[first.to_owned()]].concat();
        if self.0.contains_key(&inner) { format!("self::{path}") } else { path.to_owned() }
    }

    /// The files that this one uses. What a module's own file declares is for the files below it: those arrows are none.
    fn used_by(&self, module: &[String]) -> BTreeSet<Vec<String>> {
        let code = &self.0[module];
        let named = uses(code).into_iter().filter(|(is_public, ..)| !is_public).map(|(_, path, _)| path);
        let rest: String = code.split(';').filter(|part| !is_use(part)).collect::<Vec<_>>().join(";");
        let inline = paths(&rest);
        let all = named.chain(inline).map(|path| self.whole(module, &path));
        let is_ours = |path: &String| ["crate::", "self::", "super::"].iter().any(|start| path.starts_with(start));
        all.filter(is_ours)
            .map(|path| self.origin(module, &path, 0))
            .filter(|other| module != other.as_slice())
            .collect()
    }
}

/// A line without the path of a `pub(in …)`.
fn without_visibility(line: &str) -> String {
    match line.split_once("pub(in ").and_then(|(before, rest)| Some((before, rest.split_once(')')?.1))) {
        Some((before, after)) => format!("{before}pub{after}"),
        None => line.to_owned(),
    }
}

fn is_use(statement: &str) -> bool {
    let text = statement.trim_start().rsplit('\n').find(|line| line.contains("use ")).unwrap_or(statement);
    let text = statement.find(text).map_or(statement, |at| &statement[at..]).trim_start();
    text.starts_with("use ") || (text.starts_with("pub") && text.split_whitespace().nth(1) == Some("use"))
}

/// What `use` lines name: whether for others too, the path, and under which name.
fn uses(code: &str) -> Vec<(bool, String, String)> {
    let mut found = Vec::new();
    for line in code.split(';').filter(|part| is_use(part)) {
        let Some(at) = line.rfind("use ") else { continue };
        let is_public = line[..at].trim_end().ends_with(['b', ')']);
        for path in spread(&line[at + 4..].split_whitespace().collect::<Vec<_>>().join(" ")) {
            let (path, name) = path.split_once(" as ").map_or((path.as_str(), None), |(path, name)| (path, Some(name)));
            let name = name.unwrap_or_else(|| path.rsplit("::").next().unwrap_or_default());
            found.push((is_public, path.trim().to_owned(), name.trim().to_owned()));
        }
    }
    found
}

/// The paths of `a::{b, c::{d, e}}`.
fn spread(path: &str) -> Vec<String> {
    let Some((start, rest)) = path.split_once('{') else { return vec![path.trim().to_owned()] };
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for letter in rest.chars() {
        match letter {
            '}' if depth == 0 => break,
            ',' if depth == 0 => parts.push(String::new()),
            _ => {
                depth += i32::from(letter == '{') - i32::from(letter == '}');
                parts.last_mut().unwrap().push(letter);
            }
        }
    }
    let inner = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    inner.flat_map(|part| spread(&format!("{}{part}", start.trim_start()))).collect()
}

/// The paths in code that is no `use`: letters, digits and colons, with two colons in between.
fn paths(code: &str) -> Vec<String> {
    let words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
    words.filter(|word| word.contains("::")).map(|word| word.trim_matches(':').to_owned()).collect()
}

/// Which modules each one uses.
type Arrows = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

/// The modules that one uses, and that those use, and so on.
fn reach<'a>(arrows: &'a Arrows, from: &'a Vec<String>) -> BTreeSet<&'a Vec<String>> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        open.extend(arrows.get(next).into_iter().flatten().filter(|other| seen.insert(*other)));
    }
    seen
}

/// The modules that can be come back to from themselves, each with those of its circle.
fn circles(arrows: &Arrows) -> Vec<Vec<String>> {
    let reached: BTreeMap<_, _> = arrows.keys().map(|module| (module, reach(arrows, module))).collect();
    let round = reached.iter().filter(|(module, seen)| seen.contains(**module));
    round
        .map(|(module, seen)| {
            let back = seen.iter().filter(|other| reached.get(**other).is_some_and(|there| there.contains(module)));
            back.map(|other| other.join("::")).collect()
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

#[test]
fn no_files_use_each_other() {
    let modules = Modules::read();
    let arrows: Arrows = modules.0.keys().map(|module| (module.clone(), modules.used_by(module))).collect();
    let count: usize = arrows.values().map(BTreeSet::len).sum();
    assert!(count > 700, "the source is written in another way: {count} arrows");
    let found = circles(&arrows);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_circle_is_found_whatever_passes_it_on() {
    let module = |path: &str, code: &str| (path.split("::").map(str::to_owned).collect(), code.to_owned());
    let modules = Modules(BTreeMap::from([
        (Vec::new(), "mod a; mod b;".to_owned()),
        module("a", "mod one;\nmod two;\npub use one::{First as Best, other};\nfn x() {}"),
        module("a::one", "use super::two::{Deep, Second};\npub fn other() {}"),
        module("a::two", "fn f() { super::Best::new(); }"),
        module("b", "use crate::a::other;\nfn g() { crate::a::x(); }"),
    ]));
    let arrows: Arrows = modules.0.keys().map(|module| (module.clone(), modules.used_by(module))).collect();
    assert_eq!(circles(&arrows), [["a::one", "a::two"]]);
    let used: Vec<String> = arrows[&vec!["b".to_owned()]].iter().map(|module| module.join("::")).collect();
    assert_eq!(used, ["a", "a::one"]);
}

//! Numbers with what they count, as English has it. Pure.
#![forbid(unsafe_code)]

/// `1 reply`, `2 replies`: a number and a noun whose plural is regular.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {}", of(count, noun))
}

/// The noun alone, behind a number that stands elsewhere.
pub fn of(count: usize, noun: &str) -> String {
    let stem = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match (count, stem) {
        (1, _) => noun.to_owned(),
        (_, Some(stem)) => format!("{stem}ies"),
        (_, None) if noun.ends_with(['s', 'x']) => format!("{noun}es"),
        (_, None) => format!("{noun}s"),
    }
}

/// One of two words of a sentence: `is` and `are`, `agrees` and `agree`.
pub fn verb(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_all_else_plural() {
        for (noun, plural) in [("request", "requests"), ("reply", "replies"), ("key", "keys"), ("address", "addresses")]
        {
            assert_eq!(counted(1, noun), format!("1 {noun}"));
            assert_eq!([0, 2].map(|count| counted(count, noun)), [0, 2].map(|count| format!("{count} {plural}")));
        }
    }
}

//! Lines of a text, with their numbers.

/// The lines with their numbers, counted from 1.
pub(super) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The lines as they are meant, each with the number of its first: a backslash at the end has the next one go on with it.
pub(super) fn continued(text: &str) -> Vec<(usize, String)> {
    continued_over(text, |line, _| Some(line))
}

/// The same, of the lines or parts of lines that `meant` gives; it is told whether the line goes on with the one before.
pub(super) fn continued_over(text: &str, meant: impl Fn(&str, bool) -> Option<&str>) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in numbered(text) {
        let Some(line) = meant(line, goes_on) else { continue };
        let (content, continued) = line.strip_suffix('\\').map_or((line, false), |content| (content, true));
        match lines.last_mut() {
            Some((_, last)) if goes_on => {
                last.push(' ');
                last.push_str(content);
            }
            _ => lines.push((number, content.to_owned())),
        }
        goes_on = continued;
    }
    lines
}

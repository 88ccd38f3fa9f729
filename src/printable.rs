//! What may reach a terminal, a log or a reader of JSON of text that comes from elsewhere: an argument, a file, a packet. Pure.
//!
//! Control characters are obeyed by terminals, characters that turn the direction of writing show a text as another one, and
//! line separators make two lines of one. They are shown as what they are.
#![forbid(unsafe_code)]

/// The text with such characters as `\n`, `\u{1b}` and the like.
pub fn printable(text: &str) -> String {
    escaped(text, |c| c.escape_default().to_string())
}

/// The same for a text of several lines, whose ends stay.
pub fn printable_lines(text: &str) -> String {
    escaped(text, |c| if c == '\n' { c.to_string() } else { c.escape_default().to_string() })
}

/// A JSON text in which such characters of its strings are written as JSON escapes them, and which means the same.
pub fn printable_json(json: &str) -> String {
    let unit = |unit: &u16| format!("\\u{unit:04x}");
    escaped(json, |c| c.encode_utf16(&mut [0; 2]).iter().map(unit).collect())
}

fn escaped(text: &str, escape: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) { shown.push_str(&escape(c)) } else { shown.push(c) }
    }
    shown
}

/// Whether a character does something other than to be seen: controls (Cc), line and paragraph separators (Zl, Zp), and of the
/// format characters (Cf) those that turn the direction, are not seen, or annotate.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_obeyed_is_shown() {
        let hostile = "a\u{1b}[2J\r\n\t\u{7f}\u{9b}b\u{202e}c\u{2028}d\u{2066}e\u{200f}\u{feff}";
        let shown = "a\\u{1b}[2J\\r\\n\\t\\u{7f}\\u{9b}b\\u{202e}c\\u{2028}d\\u{2066}e\\u{200f}\\u{feff}";
        assert_eq!(printable(hostile), shown);
        assert_eq!(printable_lines("a\nb\u{1b}\n"), "a\nb\\u{1b}\n");
        for plain in ["", "step time server 192.0.2.1 offset +0.5 sec", "z\u{fc}rich \u{65e5}\u{672c} \u{1f600}"] {
            assert_eq!(printable(plain), plain);
        }
    }

    #[test]
    fn json_means_the_same_as_before() {
        let value = serde_json::json!({"name": "a\u{202e}\u{2028}\u{7f}\u{e0041}\n\u{fc}"});
        let text = printable_json(&value.to_string());
        assert!(text.chars().all(|c| !is_obeyed(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}

//! Spans with units of one letter, which GNU date(1) takes for zones or not at all.
#![forbid(unsafe_code)]

/// `+5 h`, `-1d`, `5 m ago`: seconds.
pub(super) fn span(text: &str) -> Option<i64> {
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-'), text.strip_suffix(" ago")) {
        (Some(rest), None, None) => (1, rest),
        (None, Some(rest), None) | (None, None, Some(rest)) => (-1, rest),
        _ => return None,
    };
    let rest = rest.trim();
    let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
    let number: i64 = rest[..unit_at].parse().ok()?;
    number.checked_mul(unit(rest[unit_at..].trim_start())? * sign)
}

/// Seconds in a unit.
fn unit(name: &str) -> Option<i64> {
    match name {
        "s" => Some(1),
        "m" => Some(60),
        "h" | "hr" => Some(3600),
        "d" => Some(86_400),
        "w" => Some(604_800),
        _ => None,
    }
}

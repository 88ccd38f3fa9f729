//! The table that `ntpq -pn` prints.

use super::{PeerRow, ServerView};

const NAME_WIDTH: usize = 15;
const REFID_WIDTH: usize = 15;
const HEADER: &str = "     remote           refid      st t when poll reach   delay   offset   jitter";

/// The header, a rule, and a line for each peer: ntpq's columns, to the character.
pub fn peers_table(view: &ServerView) -> Vec<String> {
    let mut lines = vec![HEADER.to_owned(), "=".repeat(HEADER.len())];
    lines.extend(view.peers.iter().map(row));
    lines
}

fn row(peer: &PeerRow) -> String {
    let name: String = peer.remote.chars().take(NAME_WIDTH).collect();
    // Six decimals come from NTPsec, whose ntpq shows four of them; ntpd has three and shows three.
    let decimals = if decimals_in(&peer.delay) == 6 { 4 } else { 3 };
    format!(
        "{}{name:<NAME_WIDTH$} {:<REFID_WIDTH$} {:>2} {} {:>4} {:>4}  {:>3o} {} {} {}",
        peer.tally,
        refid(&peer.refid),
        peer.stratum,
        peer.kind.letter(),
        in_units(peer.when),
        in_units(peer.poll.cast_signed()),
        peer.reach,
        milliseconds(&peer.delay, decimals),
        milliseconds(&peer.offset, decimals),
        milliseconds(&peer.jitter, decimals),
    )
}

/// Words stand between dots; what is too long keeps its end, after a dash.
fn refid(refid: &str) -> String {
    let text = if refid.contains(['.', ':']) { refid.to_owned() } else { format!(".{refid}.") };
    // ASCII only, see `Variables`.
    match text.len().checked_sub(REFID_WIDTH) {
        None | Some(0) => text,
        Some(over) => format!("-{}", text.get(over + 1..).unwrap_or_default()),
    }
}

/// Up to 2048 seconds as they are, then in minutes, hours and days.
fn in_units(seconds: i64) -> String {
    if seconds <= 0 {
        return "-".to_owned();
    }
    if seconds <= 2048 {
        return seconds.to_string();
    }
    let minutes = (seconds as f64 + 29.0) / 60.0;
    let hours = (minutes + 29.0) / 60.0;
    let days = (hours + 11.0) / 24.0;
    match (minutes, hours) {
        (minutes, _) if minutes <= 300.0 => format!("{}m", minutes as i64),
        (_, hours) if hours <= 96.0 => format!("{}h", hours as i64),
        _ => format!("{}d", days as i64),
    }
}

fn decimals_in(number: &str) -> usize {
    number.rsplit_once('.').map_or(0, |(_, decimals)| decimals.len())
}

/// In eight places: a large number has fewer decimals. What is no number is shown as it is.
fn milliseconds(text: &str, decimals: usize) -> String {
    let Ok(value) = text.parse::<f64>() else {
        return format!("{:>8}", if text.is_empty() { "." } else { text });
    };
    // One place goes to the sign.
    let size = if value < 0.0 { -value * 10.0 } else { value };
    let room = match size {
        size if size < 1e3 => 4,
        size if size < 1e4 => 3,
        size if size < 1e5 => 2,
        size if size < 1e6 => 1,
        _ => 0,
    };
    match room {
        // ntpq cuts off here what it rounds elsewhere.
        0 => format!("{:8}", value as i64),
        _ => format!("{value:8.*}", room.min(decimals)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    #[test]
    fn numbers_fit_their_columns() {
        for (value, shown) in [
            ("0.012345", "  0.0123"),
            ("999.999900", "999.9999"),
            ("1000.000000", "1000.000"),
            ("12345.678000", "12345.68"),
            ("123456.700000", "123456.7"),
            ("1234567.000000", " 1234567"),
            ("-0.500000", " -0.5000"),
            ("-99.990000", "-99.9900"),
            ("-100.000000", "-100.000"),
            ("-12345.600000", "-12345.6"),
            ("-123456.900000", " -123456"),
            ("1999999.900000", " 1999999"),
            ("", "       ."),
        ] {
            assert_eq!(milliseconds(value, 4), shown);
        }
        assert_eq!(milliseconds("0.012", 3), "   0.012");
    }

    #[test]
    fn times_change_their_unit() {
        for (seconds, shown) in [
            (-3, "-"),
            (0, "-"),
            (7, "7"),
            (2048, "2048"),
            (2049, "34m"),
            (17_950, "299m"),
            (18_100, "5h"),
            (864_000, "10d"),
        ] {
            assert_eq!(in_units(seconds), shown, "{seconds} s");
        }
    }

    #[test]
    fn rows_have_their_columns() {
        let peer = PeerRow {
            association: 1,
            tally: '*',
            remote: "2001:db8:0:1:2:3:4:5".to_owned(),
            refid: "GPS".to_owned(),
            stratum: 1,
            kind: Kind::Unicast,
            when: 12,
            poll: 64,
            reach: 0o377,
            unanswered: 0,
            delay: "0.081234".to_owned(),
            offset: "-1.500000".to_owned(),
            jitter: "0.000060".to_owned(),
        };
        let shown = row(&peer);
        assert_eq!(shown, "*2001:db8:0:1:2: .GPS.            1 u   12   64  377   0.0812  -1.5000   0.0001");
        assert_eq!(refid("2001:db8:0:1:2:3:4:5"), "-b8:0:1:2:3:4:5");
    }
}

//! The clocks of this machine that stand among the servers of a command line.
#![forbid(unsafe_code)]

use super::usage::UsageError;
use crate::net::phc::is_clock;
use crate::net::phc::word::{Wanted, WantedScale, parse, seconds};

/// The clocks among these words; `offset`: what --phc-offset says of those whose word says nothing.
pub(super) fn clocks(words: &[String], offset: Option<&str>) -> Result<Vec<Wanted>, UsageError> {
    let offset = offset.map(ahead).transpose()?;
    let words = words.iter().filter(|word| is_clock(word));
    let mut found = words.map(|word| parse(word).map_err(UsageError::Server)).collect::<Result<Vec<Wanted>, _>>()?;
    if offset.is_some() && found.is_empty() {
        return Err(UsageError::WithoutPhc);
    }
    found.iter_mut().for_each(|clock| clock.scale = clock.scale.or(offset));
    Ok(found)
}

fn ahead(text: &str) -> Result<WantedScale, UsageError> {
    let range = "-86400 to 86400 seconds";
    let wrong = || UsageError::Value { name: "--phc-offset", value: text.to_owned(), range };
    seconds(text).map(WantedScale::Ahead).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Interval;

    #[test]
    fn the_option_is_for_clocks_that_say_nothing_themselves() {
        let words: Vec<String> = ["a", "phc:x", "phc:y@utc"].map(str::to_owned).into();
        let scales: Vec<_> = clocks(&words, Some("37")).unwrap().into_iter().map(|clock| clock.scale).collect();
        assert_eq!(scales, [Some(WantedScale::Ahead(Interval::from_secs(37))), Some(WantedScale::Utc)]);
        assert_eq!(clocks(&words[..1], Some("37")), Err(UsageError::WithoutPhc));
        assert!(matches!(clocks(&words, Some("x")), Err(UsageError::Value { .. })));
    }
}

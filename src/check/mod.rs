//! What monitoring asks: levels, ranges and thresholds as monitoring plugins have them. Pure.
//!
//! The rules are those of the Monitoring Plugins Development Guidelines (Nagios, Icinga, Centreon, Zabbix's wrappers).
#![forbid(unsafe_code)]

mod level;
mod range;

pub use level::Level;
pub use range::{FORMS, Range};

/// The ranges of one value from which on it is to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// Outside of this range the level is at least `Warning`.
    pub warning: Option<Range>,
    /// Outside of this range the level is `Critical`, whatever the other one says.
    pub critical: Option<Range>,
}

impl Thresholds {
    /// The level of a value, never `Unknown`.
    pub fn level(&self, value: f64) -> Level {
        let alerts = |range: &Option<Range>| range.is_some_and(|range| range.alerts(value));
        match (alerts(&self.critical), alerts(&self.warning)) {
            (true, _) => Level::Critical,
            (false, true) => Level::Warning,
            (false, false) => Level::Ok,
        }
    }

    /// `WARNING;CRITICAL`, as performance data has them after a value; a range that is not set is empty.
    pub fn in_performance_data(&self) -> String {
        let text = |range: &Option<Range>| range.map(|range| range.to_string()).unwrap_or_default();
        format!("{};{}", text(&self.warning), text(&self.critical))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds(warning: &str, critical: &str) -> Thresholds {
        Thresholds { warning: warning.parse().ok(), critical: critical.parse().ok() }
    }

    #[test]
    fn the_worse_threshold_wins() {
        let both = thresholds("0.5", "1");
        for (value, level) in [
            (0.0, Level::Ok),
            (0.5, Level::Ok),
            (-0.5, Level::Ok),
            (0.500_001, Level::Warning),
            (-0.7, Level::Warning),
            (1.0, Level::Warning),
            (-1.000_001, Level::Critical),
            (f64::INFINITY, Level::Critical),
            (f64::NAN, Level::Critical),
        ] {
            assert_eq!(both.level(value), level, "{value}");
        }
        // A critical range within the warning's, as a slip of the pen makes it.
        assert_eq!(thresholds("1", "0.5").level(0.7), Level::Critical);
        assert_eq!(thresholds("", "").level(1e9), Level::Ok);
    }

    #[test]
    fn performance_data_has_the_thresholds_in_the_plugins_syntax() {
        assert_eq!(thresholds("0.5", "1").in_performance_data(), "-0.5:0.5;-1:1");
        assert_eq!(thresholds("", "@0:3").in_performance_data(), ";@0:3");
    }
}

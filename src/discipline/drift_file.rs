//! The frequency that a time daemon has left behind.

use thiserror::Error;

use super::MAX_FREQUENCY;
use super::history::Frequency;

/// The least error of a frequency that somebody else measured some time ago.
const LEAST_ERROR: f64 = 2e-6;

/// The file does not hold what a daemon writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DriftFileError {
    /// Neither one number nor two.
    #[error("it holds neither ntpd's one number nor chronyd's two")]
    Form,
    /// No clock is so wrong.
    #[error("its frequency is beyond 500 ppm")]
    Range,
}

/// Reads a drift file. ntpd's holds one number, the correction that it gave the kernel; chronyd's two, by how much the
/// uncorrected clock gains, hence the other sign, and the error bound of that. All in parts per million.
pub fn parse_drift_file(text: &str) -> Result<Frequency, DriftFileError> {
    let numbers: Result<Vec<f64>, _> = text.split_ascii_whitespace().take(3).map(str::parse).collect();
    let (ppm, error) = match numbers.as_deref() {
        Ok([correction]) => (*correction, 0.0),
        Ok([gain, error]) => (-*gain, *error),
        _ => return Err(DriftFileError::Form),
    };
    let (value, error) = (ppm / 1e6, error / 1e6);
    if !(value.abs() <= MAX_FREQUENCY && (0.0..=MAX_FREQUENCY).contains(&error)) {
        return Err(DriftFileError::Range);
    }
    Ok(Frequency { value, uncertainty: error.max(LEAST_ERROR) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_give_the_kernels_correction() {
        let ntpd = parse_drift_file("-12.345\n").unwrap();
        assert!((ntpd.value + 12.345e-6).abs() < 1e-15 && ntpd.uncertainty >= 1e-6);
        let chronyd = parse_drift_file("           12.345000             0.120000\n").unwrap();
        assert_eq!(chronyd, ntpd);
        assert!(parse_drift_file("1 7.5").unwrap().uncertainty > 7e-6);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "x", "1 2 3", "1 x", "nan", "1 nan", "inf"] {
            assert!(parse_drift_file(text).is_err(), "{text}");
        }
        assert_eq!(parse_drift_file("500.001"), Err(DriftFileError::Range));
        assert_eq!(parse_drift_file("1 -2"), Err(DriftFileError::Range));
    }
}

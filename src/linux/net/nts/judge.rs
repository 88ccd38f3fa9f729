//! Whether a chain of certificates is believed: at a time that is given, not at the clock's, which may be wrong.

use std::fmt;
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::issuer;
use super::trusts::{TrustSet, Trusts};
use crate::nts::KeyFailure;
use crate::time::Time;

/// So often a later time is tried: each time is the beginning of one certificate of the chain, and chains are short.
const ROUNDS: usize = 8;
/// Times at which a chain was valid that are remembered.
const MOST_TIMES: usize = 8;
/// Names of a certificate that are passed on.
const MOST_NAMES: usize = 8;
/// How much of a text is.
const MOST_TEXT: usize = 200;

/// A chain of certificates as a server showed it, and whom it has to be for.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    trust: usize,
    name: ServerName<'static>,
    server: CertificateDer<'static>,
    others: Vec<CertificateDer<'static>>,
    /// Seconds of Unix time at which all of it is known to be valid: the same signatures need no second look then.
    valid: Vec<u64>,
}

impl Chain {
    /// Whether all of it is valid at this time.
    pub(super) fn check(&mut self, trusts: &Trusts, at: Time) -> Result<(), KeyFailure> {
        let set = trusts.get(self.trust)?;
        self.verify(set, at).map_err(|error| self.failure(&error, set))
    }

    /// The set is always the same for one chain.
    fn verify(&mut self, set: &TrustSet, at: Time) -> Result<(), Error> {
        let seconds = u64::try_from(at.to_unix().0).unwrap_or(0);
        if self.valid.contains(&seconds) {
            return Ok(());
        }
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        set.verifier.verify_server_cert(&self.server, &self.others, &self.name, &[], at)?;
        if self.valid.len() < MOST_TIMES {
            self.valid.push(seconds);
        }
        Ok(())
    }

    /// The first time from `floor` on at which all of it is valid: each round goes to the beginning of the certificate that is not
    /// valid yet (RFC 8915 §8.5).
    fn instant(&mut self, set: &TrustSet, floor: Time) -> Result<Time, Error> {
        let mut at = floor;
        for _ in 0..ROUNDS {
            match self.verify(set, at) {
                Ok(()) => return Ok(at),
                Err(error) => match begins(&error).filter(|begins| *begins > at) {
                    Some(later) => at = later,
                    None => return Err(error),
                },
            }
        }
        self.verify(set, at).map(|()| at)
    }

    fn failure(&self, error: &Error, set: &TrustSet) -> KeyFailure {
        match error {
            Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
                KeyFailure::Expired { since: time(*not_after) }
            }
            Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
                KeyFailure::NotYetValid { begins: time(*not_before) }
            }
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                // The one that is missing vouches for the last.
                let last = self.others.last().unwrap_or(&self.server);
                KeyFailure::UnknownIssuer { issuer: cut(&issuer(last)), roots: set.roots, file: cut(&set.source) }
            }
            Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
                KeyFailure::OtherHost {
                    names: presented.iter().take(MOST_NAMES).map(|name| cut(&host(name))).collect(),
                }
            }
            Error::InvalidCertificate(error) => KeyFailure::Certificate(cut(&error.to_string())),
            other => KeyFailure::Tls(cut(&other.to_string())),
        }
    }
}

/// The name alone: the library says of what kind it is.
fn host(presented: &str) -> String {
    let bare = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(presented);
    bare.trim_matches('"').to_owned()
}

fn cut(text: &str) -> String {
    text.chars().take(MOST_TEXT).collect()
}

fn time(at: UnixTime) -> Time {
    Time::from_unix(i64::try_from(at.as_secs()).unwrap_or(i64::MAX), 0)
}

/// When the certificate begins that is not valid yet.
fn begins(error: &Error) -> Option<Time> {
    match error {
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => Some(time(*not_before)),
        _ => None,
    }
}

fn is_of_dates(error: &Error) -> bool {
    let expired = matches!(error, Error::InvalidCertificate(CertificateError::ExpiredContext { .. }));
    expired || begins(error).is_some()
}

/// What was found.
#[derive(Clone, Debug)]
struct Verdict {
    chain: Chain,
    /// Valid at the time that was asked for, or from then on at this one; or why not.
    result: Result<Option<Time>, KeyFailure>,
}

/// Judges the chain of one server, once.
pub(super) struct Judge {
    trusts: Arc<Trusts>,
    trust: usize,
    /// When it has to be valid; where it is not, at a time that is not before the other one.
    at: (Time, Option<Time>),
    verdict: Mutex<Option<Verdict>>,
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").field("at", &self.at).field("verdict", &self.verdict).finish_non_exhaustive()
    }
}

impl Judge {
    /// Fails where there is nobody to trust.
    pub(super) fn new(trusts: Arc<Trusts>, trust: usize, at: (Time, Option<Time>)) -> Result<Judge, KeyFailure> {
        trusts.get(trust)?;
        Ok(Judge { trusts, trust, at, verdict: Mutex::new(None) })
    }

    fn verdict(&self) -> Option<Verdict> {
        self.verdict.lock().ok()?.clone()
    }

    /// What the server has shown.
    pub(super) fn chain(&self) -> Option<Chain> {
        self.verdict().map(|verdict| verdict.chain)
    }

    /// The time at which the chain is valid, where that is not the one that was asked for.
    pub(super) fn provisional(&self) -> Option<Time> {
        self.verdict().and_then(|verdict| verdict.result.ok().flatten())
    }

    /// Why the chain is not believed.
    pub(super) fn refusal(&self) -> Option<KeyFailure> {
        self.verdict().and_then(|verdict| verdict.result.err())
    }

    fn judge(&self, chain: &mut Chain, set: &TrustSet) -> Result<Option<Time>, Error> {
        let (at, floor) = self.at;
        match (chain.verify(set, at), floor) {
            // It was valid once, when the time was another than it is.
            (Ok(()), Some(floor)) if at < floor => chain.instant(set, floor).map(Some),
            (Ok(()), _) => Ok(None),
            (Err(error), Some(floor)) if is_of_dates(&error) => chain.instant(set, floor).map(Some),
            (Err(error), _) => Err(error),
        }
    }

    fn set(&self) -> Result<&TrustSet, Error> {
        self.trusts.get(self.trust).map_err(|failure| Error::General(failure.to_string()))
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let set = self.set()?;
        let owned = |certificate: &CertificateDer<'_>| certificate.clone().into_owned();
        let others = others.iter().map(owned).collect();
        let mut chain =
            Chain { trust: self.trust, name: name.to_owned(), server: owned(server), others, valid: Vec::new() };
        let judged = self.judge(&mut chain, set);
        let result = judged.as_ref().map(|at| *at).map_err(|error| chain.failure(error, set));
        if let Ok(mut verdict) = self.verdict.lock() {
            *verdict = Some(Verdict { chain, result });
        }
        judged.map(|_| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.set()?.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.set()?.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.set().map(|set| set.verifier.supported_verify_schemes()).unwrap_or_default()
    }
}

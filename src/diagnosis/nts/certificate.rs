//! Certificates that are not believed.

use Certainty::{Certain, Likely};

use super::failed::Failed;
use crate::diagnosis::code::Code;
use crate::diagnosis::found::{Certainty, Diagnosis};
use crate::nts::KeyFailure;
use crate::time::Time;

const DAY: i64 = 86_400;

/// The certificate is not believed.
pub(super) fn certificate(failed: &Failed<'_>) -> Diagnosis {
    let Failed { failure, name, now, .. } = failed;
    let seen = format!("NTS: {failure}");
    match failure {
        KeyFailure::UnknownIssuer { issuer, roots, file } => {
            let issuer = if issuer.is_empty() { "its issuer".to_owned() } else { format!("issuer \"{issuer}\"") };
            let cause = format!(
                "{issuer} is not among the {roots} authorities of {file}: an authority of its own, a link of the chain that it does \
                 not send, or a proxy on the way that opens TLS"
            );
            Diagnosis::new(Code::NtsUnknownIssuer, Likely, seen, cause)
                .here("--nts-ca FILE trusts the authorities in FILE, if that issuer is the right one")
                .there("the file of the certificate has to have the chain in it (fullchain.pem)")
        }
        KeyFailure::OtherHost { names } => {
            let others = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
            Diagnosis::new(
                Code::NtsOtherHost,
                Certain,
                seen,
                format!("the certificate is for {others}, not for {name}"),
            )
            .here("ask by the name in the certificate, if it is the server's")
            .there("have a certificate made for the name that clients use")
        }
        KeyFailure::Expired { since } => expired(seen, *since, *now),
        KeyFailure::NotYetValid { begins } => not_yet_valid(seen, *begins, *now),
        KeyFailure::NoRoots(_) => Diagnosis::new(
            Code::NtsNoRoots,
            Certain,
            seen,
            "without authorities that are trusted no certificate proves anything",
        )
        .here("install ca-certificates, or name a file with --nts-ca"),
        _ => Diagnosis::new(Code::NtsCertificate, Likely, seen, "the certificate does not fit its use, or is damaged")
            .there("openssl s_client -alpn ntske/1 -showcerts -connect HOST:4460 shows it"),
    }
}

/// The last day of the certificate is over, `now` by this machine's clock.
fn expired(seen: String, since: Time, now: Time) -> Diagnosis {
    let days = (now.to_unix().0 - since.to_unix().0) / DAY;
    let cause = format!(
        "it was not renewed, or the daemon was not started anew since; or this clock, which shows {} ({days} days later), is ahead",
        now.utc()
    );
    Diagnosis::new(Code::NtsExpired, Likely, seen, cause)
        .here("is the date right? with a clock that was never set, two NTS servers, or --nts-first, help")
        .there("renew it (certbot renew), and restart the daemon")
}

/// The first day of the certificate is to come, `now` by this machine's clock.
fn not_yet_valid(seen: String, begins: Time, now: Time) -> Diagnosis {
    let days = (begins.to_unix().0 - now.to_unix().0) / DAY;
    let cause = format!(
        "this clock shows {} ({days} days earlier): it was not set since the machine was switched on; or the certificate is of the \
         future",
        now.utc()
    );
    Diagnosis::new(Code::NtsNotYetValid, Likely, seen, cause)
        .here("two NTS servers, cookies of an earlier run, or --nts-first help where the clock was never set")
}

//! Why a key exchange came to nothing.

use Certainty::{Certain, Likely, Possible};

use super::certificate::certificate;
use super::failed::Failed;
use super::way::{no_server, way};
use crate::diagnosis::code::Code;
use crate::diagnosis::found::{Certainty, Diagnosis};
use crate::nts::KeyFailure;
use crate::wire::nts::ResponseFault;

/// Names the cause.
pub(crate) fn key_exchange(failed: &Failed<'_>) -> Diagnosis {
    let Failed { failure, port, .. } = failed;
    let found = |code, certainty, cause: String| Diagnosis::new(code, certainty, format!("NTS: {failure}"), cause);
    match failure {
        KeyFailure::Tcp(_) | KeyFailure::Silent(_) | KeyFailure::Closed(_) => way(failed),
        KeyFailure::NotTls | KeyFailure::Alert(_) | KeyFailure::TooOld | KeyFailure::NoAlpn => no_server(failed),
        KeyFailure::UnknownIssuer { .. }
        | KeyFailure::OtherHost { .. }
        | KeyFailure::Expired { .. }
        | KeyFailure::NotYetValid { .. }
        | KeyFailure::Certificate(_)
        | KeyFailure::NoRoots(_) => certificate(failed),
        KeyFailure::Response(fault) => response(failed, *fault),
        KeyFailure::Tls(_) => {
            found(Code::NtsFailed, Possible, format!("what answers on TCP {port} and this client do not agree on TLS"))
                .there("openssl s_client -alpn ntske/1 -connect HOST:4460 shows what it offers")
        }
        KeyFailure::TooSoon { .. } => found(
            Code::NtsTooSoon,
            Certain,
            "servers are not to be asked for keys again and again (RFC 8915, section 4.2): an earlier run failed"
                .to_owned(),
        )
        .here("-d shows why it fails, at once; --nts-forget has the next run try"),
        KeyFailure::Here(_) => {
            found(Code::NtsFailed, Likely, "this machine is short of something".to_owned()).here("run it again")
        }
    }
}

/// The response is of no use.
fn response(failed: &Failed<'_>, fault: ResponseFault) -> Diagnosis {
    let found = |certainty, cause: &str| {
        Diagnosis::new(Code::NtsResponse, certainty, format!("NTS: {}", failed.failure), cause)
    };
    match fault {
        ResponseFault::Error(2) => found(Certain, "the server has a trouble of its own").here("run it again later"),
        ResponseFault::Error(_) => found(Certain, "the server does not take the request").there("its log says more"),
        ResponseFault::NoProtocol | ResponseFault::NoAead => {
            found(Certain, "the server and this client have nothing in common to speak by").here("ask another server")
        }
        ResponseFault::CutOff => {
            found(Likely, "the connection broke off in the middle, or the server has an error").here("run it again")
        }
        _ => found(Likely, "the server breaks RFC 8915, or something answers in its place")
            .here("ask another server")
            .there("its log says more; a newer version may help"),
    }
}

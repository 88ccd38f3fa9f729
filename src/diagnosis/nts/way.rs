//! The way to the server that exchanges keys, and what answers there.

use Certainty::{Certain, Likely, Possible};

use super::failed::Failed;
use crate::diagnosis::code::Code;
use crate::diagnosis::found::{Certainty, Diagnosis};
use crate::net::FaultKind;
use crate::nts::{KeyFailure, Stage};

/// What a server needs to exchange keys.
const SET_UP: &str = "chronyd: `ntsserverkey` and `ntsservercert`; NTPsec: `nts enable`, `nts key`, `nts cert`";

/// The connection does not come about, or breaks off.
pub(super) fn way(failed: &Failed<'_>) -> Diagnosis {
    let port = failed.port;
    match failed.failure {
        KeyFailure::Tcp(fault) if fault.kind == FaultKind::Refused => found(
            failed,
            Code::NtsNothingListens,
            Certain,
            &format!("nothing listens on TCP {port}: the host exchanges no keys, or does so on another port"),
        )
        .here("nts:HOST:PORT names another port; --no-nts asks without, so that anybody on the way can answer")
        .there(SET_UP),
        KeyFailure::Silent(Stage::Connect) => filtered(failed),
        KeyFailure::Silent(_) => found(
            failed,
            Code::NtsFiltered,
            Possible,
            "what took the connection says nothing: a proxy, a server that is busy, or the way loses long packets",
        )
        .here("run it again; --deadline waits longer"),
        KeyFailure::Closed(Stage::Response) => found(
            failed,
            Code::NtsResponse,
            Likely,
            "the server does not like the request, or is busy; RFC 8915 has an error record for that",
        )
        .there("its log says more"),
        KeyFailure::Closed(_) => {
            let cause = "what listens there is no NTS server, or does not want more clients now";
            found(failed, Code::NtsNoServer, Possible, cause).there("its log says more (chronyd: `maxntsconnections`)")
        }
        _ => found(failed, Code::NtsFiltered, Likely, "the way to the host's TCP port is barred")
            .here("check the route: `ip route get`, `tracepath`"),
    }
}

/// A cause with what was seen of both ways: the one to the keys, and that of plain NTP.
fn found(failed: &Failed<'_>, code: Code, certainty: Certainty, cause: &str) -> Diagnosis {
    let Failed { failure, port, answers_plainly, .. } = failed;
    let plain = match answers_plainly {
        Some(true) => "; UDP 123 answers: plain NTP would work, and is not used without --no-nts",
        Some(false) => "; UDP 123 does not answer either",
        None => "",
    };
    Diagnosis::new(code, certainty, format!("NTS: TCP {port}: {failure}{plain}"), cause)
}

/// Nobody answers the request for a connection.
fn filtered(failed: &Failed<'_>) -> Diagnosis {
    let port = failed.port;
    let (certainty, cause) = if failed.answers_plainly == Some(true) {
        (Likely, format!("a firewall drops TCP {port}, here, on the way or there"))
    } else {
        (Possible, format!("a firewall drops TCP {port}, or the host is down"))
    };
    found(failed, Code::NtsFiltered, certainty, &cause)
        .here(format!("let TCP out to port {port}"))
        .there(format!("let TCP {port} in (firewall-cmd --add-port={port}/tcp, ufw allow {port}/tcp)"))
}

/// What answers there is no server for keys.
pub(super) fn no_server(failed: &Failed<'_>) -> Diagnosis {
    let Failed { failure, port, name, .. } = failed;
    let found =
        |code, cause: String| Diagnosis::new(code, Likely, format!("NTS: TCP {port} answers, and {failure}"), cause);
    match failure {
        KeyFailure::TooOld => {
            found(Code::NtsTooOld, "NTS needs TLS 1.3 (RFC 8915, section 3), and it stops below".to_owned()).there(
                "a newer TLS library, or `MinProtocol`, `ntsproto` and the like set to 1.3; or a proxy is in the way",
            )
        }
        KeyFailure::NoAlpn => found(
            Code::NtsNoServer,
            format!(
                "it did not choose the protocol \"ntske/1\": a web server, a proxy, or a load balancer has port {port}"
            ),
        )
        .here(format!("nts:{name}:PORT names the port of its key exchange, 4460 as a rule")),
        KeyFailure::Alert(_) => {
            found(Code::NtsNoServer, "it knows TLS, and refuses this client".to_owned()).there("its log says more")
        }
        _ => found(Code::NtsNoServer, format!("port {port} is another service's"))
            .here(format!("nts:{name}:PORT names the port of its key exchange, 4460 as a rule")),
    }
}

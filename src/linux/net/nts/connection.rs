//! One key exchange: TLS, one request, one response.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::MsgFlags;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, PeerIncompatible};
use socket2::Socket;
use zeroize::Zeroizing;

use super::judge::{Chain, Judge};
use super::trusts::{Trusts, provider};
use crate::linux::net::udp::{errno_of, refused};
use crate::net::Step;
use crate::nts::{KeyFailure, KeyOrder, NewAssociation, Stage};
use crate::wire::nts::{
    ALPN, Aead, Association, Direction, EXPORTER_LABEL, Keys, Reader, Response, Secret, exporter_context, request,
};

/// What one server may send, in bytes: the longest response and a handshake with the longest chain.
const MOST_BYTES: usize = 256 * 1024;
/// What is read at once.
const PIECE: usize = 16 * 1024;

/// A key exchange in the making.
#[derive(Debug)]
pub(super) struct Connection {
    deadline: Duration,
    wire: Wire,
    tls: ClientConnection,
    judge: Arc<Judge>,
    offered: &'static [Aead],
    /// What takes in the response, once the request is on its way.
    reader: Option<Reader>,
    /// Something of the response has come.
    is_answered: bool,
}

impl Connection {
    /// Over a socket whose connection is begun.
    pub(super) fn new(trusts: &Arc<Trusts>, order: &KeyOrder, socket: Socket) -> Result<Connection, KeyFailure> {
        let name = ServerName::try_from(order.name.trim_end_matches('.').to_owned());
        let name =
            name.map_err(|_| KeyFailure::Here(format!("{} is no name that a certificate can have", order.name)))?;
        let judge = Arc::new(Judge::new(Arc::clone(trusts), order.trust, (order.at, order.floor))?);
        let tls = ClientConnection::new(Arc::new(config(&judge)?), name).map_err(|error| failure(&error, &judge))?;
        let wire = Wire { socket, received: 0, has_begun: false };
        Ok(Connection {
            deadline: order.deadline,
            wire,
            tls,
            judge,
            offered: &Aead::OFFERED,
            reader: None,
            is_answered: false,
        })
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.wire.socket
    }

    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// How far it has come.
    pub(super) fn stage(&self) -> Stage {
        match &self.reader {
            Some(_) => Stage::Response,
            None if self.wire.has_begun => Stage::Handshake,
            None => Stage::Connect,
        }
    }

    /// What the server has shown, if it came to that.
    pub(super) fn into_chain(self) -> Option<Chain> {
        self.judge.chain()
    }

    /// Writes and reads what can be; the result, when there is one.
    pub(super) fn proceed(&mut self) -> Option<Result<NewAssociation, KeyFailure>> {
        self.advance().transpose()
    }

    fn advance(&mut self) -> Result<Option<NewAssociation>, KeyFailure> {
        loop {
            self.write()?;
            let has_read = self.read()?;
            if self.reader.is_none() && !self.tls.is_handshaking() {
                self.ask()?;
                continue;
            }
            if let Some(response) = self.take_in(has_read == Came::End)? {
                // The other side is not waited for: all is said.
                self.tls.send_close_notify();
                let _ = self.write();
                return self.finish(response).map(Some);
            }
            match has_read {
                Came::Something => {}
                Came::Nothing => return Ok(None),
                Came::End => return Err(KeyFailure::Closed(self.stage())),
            }
        }
    }

    fn write(&mut self) -> Result<(), KeyFailure> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.wire) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.broken(&error),
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Came, KeyFailure> {
        let count = match self.tls.read_tls(&mut self.wire) {
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                return Ok(Came::Nothing);
            }
            Err(error) => return self.broken(&error).map(|()| Came::Nothing),
        };
        let processed = self.tls.process_new_packets();
        if let Err(error) = &processed {
            // The server is told why, if it still listens.
            let _ = self.tls.write_tls(&mut self.wire);
            return Err(failure(error, &self.judge));
        }
        Ok(if count == 0 { Came::End } else { Came::Something })
    }

    /// The connection is there no more, or never was.
    fn broken(&self, error: &io::Error) -> Result<(), KeyFailure> {
        if error.kind() == ErrorKind::FileTooLarge {
            return Err(KeyFailure::Response(crate::wire::nts::ResponseFault::TooLong));
        }
        let closed = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
        let step = if self.wire.has_begun { Step::Receive } else { Step::Connect };
        Err(match self.stage() {
            _ if error.kind() == ErrorKind::TimedOut => KeyFailure::Silent(self.stage()),
            stage if closed && self.wire.has_begun => KeyFailure::Closed(stage),
            _ => KeyFailure::Tcp(refused(step, errno_of(error), None)),
        })
    }

    /// The handshake is done: looks at what was agreed on, and asks, in one record of TLS.
    fn ask(&mut self) -> Result<(), KeyFailure> {
        if self.tls.alpn_protocol() != Some(ALPN) {
            return Err(KeyFailure::NoAlpn);
        }
        let sent = self.tls.writer().write_all(&request(self.offered));
        sent.map_err(|error| KeyFailure::Tls(error.to_string()))?;
        self.reader = Some(Reader::new(self.offered));
        Ok(())
    }

    /// The response, when all of it is there, or no more will come.
    fn take_in(&mut self, is_end: bool) -> Result<Option<Response>, KeyFailure> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let mut piece = [0; PIECE];
        let mut is_complete = false;
        loop {
            match self.tls.reader().read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    self.is_answered = true;
                    is_complete |= reader.push(piece.get(..count).unwrap_or_default())?;
                }
                Err(_) => break,
            }
        }
        if !is_complete && (!is_end || !self.is_answered) {
            return Ok(None);
        }
        let Some(reader) = self.reader.take() else { return Ok(None) };
        Ok(Some(reader.finish()?))
    }

    fn finish(&self, response: Response) -> Result<NewAssociation, KeyFailure> {
        let (context, other) = response.key_contexts();
        let keys = self.keys(response.aead, context)?;
        let other_keys = other.map(|context| self.keys(response.aead, context)).transpose()?;
        let association =
            Association { aead: response.aead, keys, other_keys, cookies: response.cookies, is_saved: false };
        Ok(NewAssociation {
            association,
            server: response.server,
            port: response.port,
            provisional: self.judge.provisional(),
        })
    }

    /// The keys of an algorithm, by a context of the exporter (RFC 8446 §7.5).
    fn keys(&self, aead: Aead, context_of: Aead) -> Result<Keys, KeyFailure> {
        let key = |direction| {
            let bytes = Zeroizing::new(vec![0; aead.key_len()]);
            let context = exporter_context(context_of, direction);
            let bytes = self.tls.export_keying_material(bytes, EXPORTER_LABEL, Some(&context));
            let bytes = bytes.map_err(|error| KeyFailure::Tls(error.to_string()))?;
            Secret::new(bytes).map_err(|error| KeyFailure::Tls(error.to_string()))
        };
        Ok(Keys { c2s: key(Direction::ClientToServer)?, s2c: key(Direction::ServerToClient)? })
    }
}

/// What reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Something,
    Nothing,
    End,
}

/// TLS 1.3 alone, nothing kept for a next time.
fn config(judge: &Arc<Judge>) -> Result<ClientConfig, KeyFailure> {
    let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[&rustls::version::TLS13]);
    let builder = builder.map_err(|error| KeyFailure::Tls(error.to_string()))?;
    let judge: Arc<Judge> = Arc::clone(judge);
    let mut config = builder.dangerous().with_custom_certificate_verifier(judge).with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// What an error of TLS says of the server.
fn failure(error: &Error, judge: &Judge) -> KeyFailure {
    if let Some(refusal) = judge.refusal() {
        return refusal;
    }
    match error {
        Error::InvalidMessage(_) => KeyFailure::NotTls,
        Error::AlertReceived(AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls13RequiredForQuic,
        ) => KeyFailure::TooOld,
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) | Error::NoApplicationProtocol => {
            KeyFailure::NoAlpn
        }
        Error::AlertReceived(alert) => KeyFailure::Alert(format!("{alert:?}")),
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            KeyFailure::Certificate("the server does not have the certificate's key".to_owned())
        }
        Error::InvalidCertificate(error) => KeyFailure::Certificate(error.to_string()),
        other => KeyFailure::Tls(other.to_string()),
    }
}

/// A socket as TLS uses it: by the calls that the process may make, and no further than a limit.
#[derive(Debug)]
struct Wire {
    socket: Socket,
    received: usize,
    /// Something has left: the connection is there.
    has_begun: bool,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&self.socket).read(buffer)?;
        self.received = self.received.saturating_add(count);
        if self.received > MOST_BYTES { Err(ErrorKind::FileTooLarge.into()) } else { Ok(count) }
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.socket.send_with_flags(buffer, MsgFlags::MSG_NOSIGNAL.bits())?;
        self.has_begun = true;
        Ok(count)
    }

    /// Joined, so that a server which reads once has all of it.
    fn write_vectored(&mut self, buffers: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = buffers.iter().flat_map(|buffer| buffer.iter().copied()).collect();
        self.write(&all)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! A server for key exchanges that does as it is told: each connection is played by the same part.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rntpdate::internals::wire::nts::{ALPN, Aead, Direction, EXPORTER_LABEL, Keys, Secret, exporter_context};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use zeroize::Zeroizing;

use super::certificates::Issued;

/// How long anything is waited for here: longer than a client of a test waits.
const LONG: Duration = Duration::from_secs(20);

/// What comes before TLS, or in its place.
#[derive(Clone, Debug)]
pub(crate) enum Door {
    /// TLS 1.3 that chooses these protocols, in its order of preference; with none it chooses none.
    Tls(Vec<&'static [u8]>),
    /// Bytes that are sent whatever the client says; then the end.
    Bytes(Vec<u8>),
    /// The connection is taken, and nothing is ever said.
    Mute,
    /// The connection is closed without a word.
    Slammed,
}

/// What is said once TLS is there.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// What a good server says, with so many cookies for this algorithm.
    Good { aead: Aead, cookies: usize, extra: Vec<u8> },
    /// Bytes in place of a response.
    Bytes(Vec<u8>),
    /// Bytes in place of a response, one at a time, with a pause after each.
    Drip(Vec<u8>, Duration),
    /// The same bytes again and again until the client has enough.
    Flood(Vec<u8>),
    /// Nothing, and the connection stays.
    Nothing,
}

/// The keys that a cookie stands for.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) aead: Aead,
    pub(crate) keys: Keys,
}

/// The cookies that are known: what a key exchange shares with a time server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vault(Arc<Mutex<Cookies>>);

/// The cookies, and how many there were.
#[derive(Debug, Default)]
struct Cookies {
    given: u64,
    guests: HashMap<Vec<u8>, Guest>,
}

impl Vault {
    /// A new cookie for these keys, of 96 bytes.
    pub(crate) fn cookie(&self, guest: &Guest) -> Vec<u8> {
        let mut vault = self.0.lock().expect("the vault");
        vault.given += 1;
        let cookie = vault.given.to_be_bytes().repeat(12);
        vault.guests.insert(cookie.clone(), guest.clone());
        cookie
    }

    pub(crate) fn open(&self, cookie: &[u8]) -> Option<Guest> {
        self.0.lock().expect("the vault").guests.get(cookie).cloned()
    }

    /// Forgets every cookie, as a server does that is started anew without its keys.
    pub(crate) fn forget(&self) {
        self.0.lock().expect("the vault").guests.clear();
    }
}

/// A running server, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct KeyServer {
    pub(crate) address: SocketAddr,
    pub(crate) vault: Vault,
    connections: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl KeyServer {
    /// Takes connections on a listener, and shows this certificate.
    pub(crate) fn start(listener: TcpListener, certificate: &Issued, door: Door, answer: Answer) -> Self {
        let address = listener.local_addr().expect("an address");
        let (vault, connections, ends) =
            (Vault::default(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let part = Part { config: config(certificate, &door), door, answer, vault: vault.clone() };
        let (count, end) = (Arc::clone(&connections), Arc::clone(&ends));
        let thread = thread::spawn(move || {
            let part = Arc::new(part);
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let part = Arc::clone(&part);
                // What becomes of a connection is for the client to find out.
                thread::spawn(move || stream.and_then(|stream| part.play(stream)));
            }
        });
        Self { address, vault, connections, ends, thread: Some(thread) }
    }

    /// An honest one on loopback, with eight cookies.
    pub(crate) fn honest(certificate: &Issued) -> Self {
        Self::on_loopback(certificate, Door::Tls(vec![ALPN]), good(8))
    }

    pub(crate) fn on_loopback(certificate: &Issued, door: Door, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self::start(listener, certificate, door, answer)
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes it up, where this thread can reach it; what cannot be reached ends with the test.
        if TcpStream::connect_timeout(&self.address, Duration::from_millis(200)).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

/// A good answer by AES-SIV-CMAC-256.
pub(crate) fn good(cookies: usize) -> Answer {
    Answer::Good { aead: Aead::SivCmac256, cookies, extra: Vec::new() }
}

/// A record as it is on the wire; the type may have the critical bit, 0x8000.
pub(crate) fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &(body.len() as u16).to_be_bytes(), body].concat()
}

fn config(certificate: &Issued, door: &Door) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.pkcs8.clone()));
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    let chain = vec![CertificateDer::from(certificate.der.clone())];
    let mut config =
        builder.expect("TLS 1.3").with_no_client_auth().with_single_cert(chain, key).expect("a certificate");
    if let Door::Tls(protocols) = door {
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    }
    Arc::new(config)
}

struct Part {
    config: Arc<ServerConfig>,
    door: Door,
    answer: Answer,
    vault: Vault,
}

impl Part {
    fn play(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(LONG))?;
        stream.set_nodelay(true)?;
        match &self.door {
            Door::Slammed => Ok(()),
            Door::Mute => linger(&mut stream),
            Door::Bytes(bytes) => {
                let _ = stream.read(&mut [0; 4096])?;
                stream.write_all(bytes)
            }
            Door::Tls(_) => self.talk(stream),
        }
    }

    fn talk(&self, stream: TcpStream) -> io::Result<()> {
        let tls = ServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, stream);
        // One request, which comes in one record.
        let _ = stream.read(&mut [0; 4096])?;
        match &self.answer {
            Answer::Good { aead, cookies, extra } => {
                let answer = self.good(&stream.conn, *aead, *cookies, extra)?;
                stream.write_all(&answer)?;
                stream.flush()?;
            }
            Answer::Bytes(bytes) => {
                stream.write_all(bytes)?;
                stream.flush()?;
            }
            Answer::Drip(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[*byte])?;
                    stream.flush()?;
                    thread::sleep(*pause);
                }
            }
            Answer::Flood(bytes) => loop {
                stream.write_all(bytes)?;
                stream.flush()?;
            },
            Answer::Nothing => return linger(&mut stream.sock),
        }
        stream.conn.send_close_notify();
        stream.flush()
    }

    fn good(&self, tls: &ServerConnection, aead: Aead, cookies: usize, extra: &[u8]) -> io::Result<Vec<u8>> {
        let key = |direction| {
            let context = exporter_context(aead, direction);
            let bytes = Zeroizing::new(vec![0; aead.key_len()]);
            let bytes = tls.export_keying_material(bytes, EXPORTER_LABEL, Some(&context)).map_err(io::Error::other)?;
            Secret::new(bytes).map_err(io::Error::other)
        };
        let keys = Keys { c2s: key(Direction::ClientToServer)?, s2c: key(Direction::ServerToClient)? };
        let guest = Guest { aead, keys };
        let mut answer = [record(0x8001, &[0, 0]), record(4, &aead.number().to_be_bytes())].concat();
        answer.extend_from_slice(extra);
        for _ in 0..cookies {
            answer.extend(record(5, &self.vault.cookie(&guest)));
        }
        answer.extend(record(0x8000, &[]));
        Ok(answer)
    }
}

/// Stays until the other side goes, or for long.
fn linger(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 4096])? > 0 {}
    Ok(())
}

//! TCP connections that are begun, for whoever may not open sockets itself.

use std::net::{IpAddr, SocketAddr};

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::udp::{errno_of, refused};
use crate::net::{Fault, Step};

/// A socket whose connection to `server` has been begun, from this address where one is given, and which does not block. Whether the
/// connection comes about shows later.
pub(crate) fn connecting(server: SocketAddr, from: Option<IpAddr>) -> Result<Socket, Fault> {
    let failed = |step| move |error: std::io::Error| refused(step, errno_of(&error), Some(server));
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket =
        Socket::new_raw(Domain::for_address(server), kind, Some(Protocol::TCP)).map_err(failed(Step::Socket))?;
    if let Some(from) = from {
        socket.bind(&SocketAddr::new(from, 0).into()).map_err(failed(Step::Bind))?;
    }
    match socket.connect(&server.into()) {
        Err(error) if errno_of(&error) != Errno::EINPROGRESS => Err(failed(Step::Connect)(error)),
        _ => Ok(socket),
    }
}

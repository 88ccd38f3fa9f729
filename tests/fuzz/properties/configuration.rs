//! What holds for a configuration file in any form.

use rntpdate::internals::config::{Authorities, Form, LineFault, Parsed, ProofWish, Server, parse};

/// Reads the input in a form; `file` writes a file in that form that names the servers given. What it writes is read as it
/// was meant: written anew, it is the same bytes.
pub(crate) fn check(form: Form, data: &[u8], file: fn(&[&Server]) -> String) -> Parsed {
    // As the program does with a file that is no UTF-8.
    let text = String::from_utf8_lossy(data);
    let parsed = parse(form, &text);
    let servers: Vec<&Server> = parsed.servers().collect();
    for server in &servers {
        harmless(server);
    }
    faults(&parsed.faults, &text);
    let written = file(&servers);
    let again = parse(form, &written);
    assert_eq!(again.faults, [], "{written}");
    assert_eq!(file(&again.servers().collect::<Vec<_>>()), written);
    assert_eq!(again.servers().collect::<Vec<_>>(), servers);
    parsed
}

/// A host goes to the resolver, to the terminal and into the log.
fn harmless(server: &Server) {
    let host = &server.host;
    assert!((1..=253).contains(&host.len()), "{host:?}");
    assert!(
        !host.contains(|c: char| c.is_control() || c.is_whitespace() || "\"'`$;|&<>()[]\\/#".contains(c)),
        "{host:?}"
    );
    assert!(!host.starts_with('-'), "{host:?} would be an option");
    assert_ne!(server.port, Some(0));
}

/// The option of a server's line that asks for this, with chronyd's options for the key exchange.
pub(crate) fn proof(wanted: &ProofWish) -> String {
    match wanted {
        ProofWish::Key(Some(id)) => format!(" key {id}"),
        ProofWish::Key(None) => " key".to_owned(),
        ProofWish::Nts(wish) => {
            let set = match wish.authorities {
                Authorities::Set(set) => format!(" certset {set}"),
                Authorities::Usual | Authorities::Only(_) | Authorities::Besides(_) => String::new(),
            };
            format!(" nts{}{set}", wish.port.map_or(String::new(), |port| format!(" ntsport {port}")))
        }
    }
}

/// Faults name lines that are there, and go to the terminal.
pub(crate) fn faults(faults: &[LineFault], text: &str) {
    let lines = text.lines().count();
    for fault in faults {
        assert!((1..=lines).contains(&fault.line), "{fault:?}");
        assert!(!fault.text.contains(char::is_control), "{fault:?}");
    }
}

/// The host as every form takes it, with its port.
pub(crate) fn address(server: &Server) -> String {
    let host = if server.host.contains(':') { format!("[{}]", server.host) } else { server.host.clone() };
    server.port.map_or(host.clone(), |port| format!("{host}:{port}"))
}

/// All servers, with something between them.
pub(crate) fn joined(servers: &[&Server], between: &str) -> String {
    servers.iter().map(|server| address(server)).collect::<Vec<_>>().join(between)
}

//! What a run leaves of NTS for the next one.

use super::Establish;
use super::state::Name;
use crate::exchange::Contact;
use crate::exchange::NtsRecord;
use crate::net::FaultKind;
use crate::nts::KeyFailure;
use crate::nts::boot::floor_after;
use crate::nts::jar::{Jar, Kept};
use crate::time::Time;
use crate::wire::nts::Association;

/// A server with NTS, and what the run came to think of it.
pub(crate) struct Closed<'a> {
    /// The place of the name that leads to it.
    pub place: usize,
    /// What passed.
    pub contact: &'a Contact,
    /// Whether nothing is left to doubt about the certificate behind its new keys, which then stand for it in later runs.
    pub may_keep: bool,
}

impl Establish<'_> {
    /// Keeps what is left of cookies and what was learned of key exchanges. `obtained`: the time that the clock was set to, and whether
    /// it is certain.
    pub(crate) fn close(&self, closed: &[Closed<'_>], now: Time, obtained: Option<(Time, bool)>) {
        let Some(store) = self.nts.store.filter(|_| !self.names.is_empty()) else { return };
        let at = obtained.map_or(now, |(time, _)| time);
        store.change(&mut |jar| {
            for (place, name) in &self.names {
                let of_name: Vec<&Closed<'_>> = closed.iter().filter(|closed| closed.place == *place).collect();
                keep(jar, name, &of_name, at);
            }
            if let Some((time, is_certain)) = obtained {
                jar.floor = Some(floor_after(jar.floor, time, is_certain));
            }
        });
    }
}

/// Keeps what is left of one name, to which several sessions may belong: one by saved keys, and one by new ones elsewhere.
fn keep(jar: &mut Jar, name: &Name, closed: &[&Closed<'_>], now: Time) {
    let peer = &name.peer;
    if name.failure.as_ref().is_some_and(counts) {
        jar.note_failure(peer, now);
    }
    let record = |closed: &&Closed<'_>| closed.contact.nts.clone();
    let records: Vec<NtsRecord> = closed.iter().filter_map(record).collect();
    if records.is_empty() {
        // Nothing was sent: what was taken goes back.
        if let Some(taken) = &name.taken {
            jar.put_back(peer, taken.kept.association.cookies.clone());
        }
        return;
    }
    if records.iter().any(|record| record.passed > 0) {
        jar.note_success(peer);
    }
    // What belongs to the saved keys goes back to them, where no others take their place.
    for record in records.iter().filter(|record| record.is_saved || name.made.is_none()) {
        jar.put_back(peer, record.cookies.clone());
    }
    let Some(made) = &name.made else { return };
    let is_new = |record: &&NtsRecord| !record.is_saved;
    let may_keep = closed.iter().all(|closed| closed.may_keep) && made.server.port() != 0;
    match records.iter().rfind(is_new) {
        // The old keys did after all, so that no cookie of the new ones was sent.
        None if may_keep => jar.keep(peer, Kept { made: now, ..made.clone() }),
        Some(record) if record.passed > 0 && may_keep => {
            let switched = made.association.other_keys.clone().filter(|_| record.has_switched);
            let keys = switched.unwrap_or_else(|| made.association.keys.clone());
            let cookies = record.cookies.clone();
            let association =
                Association { keys, other_keys: None, cookies, is_saved: true, aead: made.association.aead };
            jar.keep(peer, Kept { association, server: made.server, is_own: made.is_own, made: now });
        }
        // Keys by which the server never proved itself are of no use, and the next exchange of keys is put off.
        Some(record) if record.passed == 0 => jar.note_failure(peer, now),
        _ => {}
    }
}

/// Whether a failure is a reason to leave the server alone for a while: not one of this machine, its network or its clock.
fn counts(failure: &KeyFailure) -> bool {
    match failure {
        KeyFailure::Tcp(fault) => fault.kind == FaultKind::Refused,
        KeyFailure::Silent(stage) => *stage != crate::nts::Stage::Connect,
        KeyFailure::Here(_)
        | KeyFailure::TooSoon { .. }
        | KeyFailure::NoRoots(_)
        | KeyFailure::Expired { .. }
        | KeyFailure::NotYetValid { .. } => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use zeroize::Zeroizing;

    use super::*;
    use crate::nts::jar::{Peer, parse, render};
    use crate::plan::NtsPlan;
    use crate::wire::nts::{Aead, Cookie, Keys, Secret};

    fn now() -> Time {
        Time::from_unix(1_795_000_000, 0)
    }

    fn peer() -> Peer {
        Peer { name: "a.example".to_owned(), port: 4460, trust: "system".to_owned() }
    }

    fn association(cookies: &[u8]) -> Association {
        let secret = |byte| Secret::new(Zeroizing::new(vec![byte; 32])).unwrap();
        let cookies = cookies.iter().map(|number| Cookie::new(vec![*number; 100]).unwrap()).collect();
        let keys = Keys { c2s: secret(1), s2c: secret(2) };
        Association { aead: Aead::SivCmac256, keys, other_keys: None, cookies, is_saved: false }
    }

    /// A name with a key exchange that led to eight cookies, and to this server.
    fn name(server: &str) -> Name {
        let mut name =
            Name::new(NtsPlan { name: "a.example".to_owned(), port: 4460, time_port: None, trust: 0 }, peer());
        let server: SocketAddr = server.parse().unwrap();
        name.made =
            Some(Kept { association: association(&[1, 2, 3, 4, 5, 6, 7, 8]), server, is_own: true, made: now() });
        name
    }

    fn contact(is_saved: bool, passed: usize, cookies: &[u8]) -> Contact {
        Contact {
            sent: 4,
            answered: passed,
            nts: Some(NtsRecord {
                aead: Aead::SivCmac256,
                is_saved,
                has_switched: false,
                passed,
                failed: 0,
                plain: 0,
                refused: 0,
                last_failure: None,
                renewal: None,
                cookies: association(cookies).cookies,
            }),
            ..Contact::none("192.0.2.1:123".parse().unwrap())
        }
    }

    /// The cookies in the jar after a run with these sessions, and whether the jar can be written.
    fn left(jar: &mut Jar, name: &Name, contacts: &[Contact], may_keep: bool) -> usize {
        let closed: Vec<Closed<'_>> = contacts.iter().map(|contact| Closed { place: 0, contact, may_keep }).collect();
        keep(jar, name, &closed.iter().collect::<Vec<_>>(), now());
        assert!(parse(&render(jar)).is_ok());
        jar.cookies(&peer())
    }

    #[test]
    fn keys_of_a_certificate_that_was_not_confirmed_are_not_kept() {
        let (mut jar, name) = (Jar::default(), name("192.0.2.1:123"));
        let new = [contact(false, 4, &[5, 6, 7, 8])];
        assert_eq!(left(&mut jar, &name, &new, false), 0);
        assert_eq!(left(&mut jar, &name, &[contact(true, 4, &[])], false), 0, "nor by a session with saved keys");
        assert!(jar.again(&peer(), now()).is_none(), "the next run may exchange keys");
        assert_eq!(left(&mut jar, &name, &new, true), 4);
    }

    #[test]
    fn cookies_that_were_sent_are_not_kept() {
        // A session by saved keys that nobody answered, and one elsewhere by new keys.
        let contacts = [contact(true, 0, &[]), contact(false, 4, &[5, 6, 7, 8])];
        let (mut jar, name) = (Jar::default(), name("192.0.2.1:123"));
        assert_eq!(left(&mut jar, &name, &contacts, true), 4);
        let taken = jar.take(&peer(), now()).unwrap().kept.association.cookies;
        assert_eq!(taken, association(&[5, 6]).cookies);
        // The other way round, as ranks may be.
        let contacts = [contact(false, 4, &[7, 8]), contact(true, 0, &[])];
        assert_eq!(left(&mut jar, &name, &contacts, true), 2);
    }

    #[test]
    fn a_server_that_was_never_found_does_not_keep_the_rest_from_being_written() {
        let (mut jar, name) = (Jar::default(), name("0.0.0.0:0"));
        assert_eq!(left(&mut jar, &name, &[contact(true, 0, &[])], true), 0);
    }
}

//! The helper itself: the C library reads what name servers send, and that does not belong beside the right to set the clock.

use std::fs::File;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread;

use super::messages::{Answer, Found, Question, What};
use crate::linux::net::SystemResolver;
use crate::linux::net::lookups::look_up_all;
use crate::linux::net::name_servers;
use crate::linux::processes::channel::{receive, send};
use crate::machine;
use crate::machine::Resolver as _;
use crate::net::ResolveError;

/// More addresses of one name than anybody asks or counts.
const MAX_PER_NAME: usize = 256;

/// Answers questions until there are no more; no more than `most` look-ups wait at once. An answer is sent when it is there: one
/// that comes when another question has been asked is for whom has asked to judge.
pub(in crate::linux::processes) fn serve(stream: &UnixStream, most: usize) {
    let Ok(answers) = stream.try_clone() else { return };
    let answers = Arc::new(Mutex::new(answers));
    while let Ok(Some(question)) = receive::<Question>(stream, None) {
        let Question { number, timeout, what, from } = question;
        let without_thread = refused(&what, from);
        let (answers, ours) = (Arc::clone(&answers), Arc::clone(&answers));
        let work = move || match what {
            What::Addresses(names, family) => look_up_all(&names, family, most, |answer| {
                let machine::Answer { place, mut resolved, is_last } = answer;
                match &mut resolved {
                    Ok(addresses) => addresses.truncate(MAX_PER_NAME),
                    Err(error) => explain(error, &FILES),
                }
                reply(&answers, number, Found::Addresses(from.saturating_add(place), resolved, is_last))
            }),
            What::Examined(names) => {
                reply(&answers, number, Found::Examined(name_servers::examine(&names, timeout)));
            }
            What::Names(addresses) => {
                reply(&answers, number, Found::Names(SystemResolver.reverse(&addresses, timeout)));
            }
        };
        if let Err(error) = thread::Builder::new().spawn(work) {
            without_thread(&error).into_iter().for_each(|found| {
                reply(&ours, number, found);
            });
        }
    }
}

/// What is answered to a question for which there is no thread.
fn refused(what: &What, from: usize) -> impl FnOnce(&io::Error) -> Vec<Found> + use<> {
    let (names, addresses) = match what {
        What::Addresses(names, _) => (names.len(), None),
        What::Names(addresses) => (0, Some(addresses.len())),
        What::Examined(_) => (0, None),
    };
    move |error| {
        let no_thread = |place| Found::Addresses(place, Err(ResolveError::NoThread(error.to_string())), true);
        let unnamed = addresses.map(|count| Found::Names(vec![None; count]));
        (from..from.saturating_add(names)).map(no_thread).chain(unnamed).collect()
    }
}

/// Says whether it could be sent.
fn reply(answers: &Mutex<UnixStream>, number: u32, found: Found) -> bool {
    // A thread that panicked while it sent has left half a message.
    answers.lock().is_ok_and(|stream| send(&stream, &Answer { number, found }, None).is_ok())
}

/// What the C library reads for a look-up, and passes over in silence where it may not.
const FILES: [&str; 3] = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"];

/// Adds that one of these files is for root alone, who this process is not any more.
fn explain(error: &mut ResolveError, files: &[&str]) {
    let (ResolveError::NameServer { text, .. } | ResolveError::NoAddress { text, .. }) = error else { return };
    let is_denied = |file: &&&str| File::open(file).is_err_and(|why| why.kind() == io::ErrorKind::PermissionDenied);
    if let Some(file) = files.iter().find(is_denied) {
        text.push_str(&format!(
            "; names are looked up without root's rights, and {file} has to be readable by everybody"
        ));
    }
}

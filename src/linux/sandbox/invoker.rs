//! Who had this program run by sudo. A rule such as `rntpdate -q *` leaves the options to its user, who is to read by them no file
//! of root's that was closed to them before: a dry run opens what the command line names with that user's rights.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::OnceLock;

use nix::unistd::{Gid, Uid, geteuid, getgroups, setfsgid, setfsuid, setgroups};

/// Where groups are looked up: a name service may hang, and is not asked.
const GROUP_FILE: &str = "/etc/group";
/// A limit on what is read of it, in bytes.
const MAX_GROUP_FILE: u64 = 1 << 20;

/// An ordinary user who had sudo start this process as root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoker {
    name: String,
    user: Uid,
    group: Gid,
}

impl Invoker {
    /// The user, by what sudo puts into the environment. Nobody where sudo started a shell or a script, and that this program: in
    /// root's own shell the variables stay, and root is who asks.
    pub fn get() -> Option<&'static Invoker> {
        static INVOKER: OnceLock<Option<Invoker>> = OnceLock::new();
        let found = || {
            let variable = |name| env::var_os(name).and_then(|value| value.into_string().ok());
            let command = env::var_os("SUDO_COMMAND")?;
            let invoker = Invoker::from_numbers(&variable("SUDO_UID")?, &variable("SUDO_GID")?, variable("SUDO_USER"))?;
            (geteuid().is_root() && starts_with_program(&command, is_this_program)).then_some(invoker)
        };
        INVOKER.get_or_init(found).as_ref()
    }

    fn from_numbers(user: &str, group: &str, name: Option<String>) -> Option<Invoker> {
        let (user, group): (u32, u32) = (user.parse().ok()?, group.parse().ok()?);
        (user != 0).then(|| Invoker {
            name: name.unwrap_or_else(|| user.to_string()),
            user: Uid::from_raw(user),
            group: Gid::from_raw(group),
        })
    }

    fn refusal(&self) -> String {
        format!(
            "through sudo, a dry run opens the files that are named to it with the rights of user {}, and those do not suffice",
            self.name
        )
    }

    /// Does something with this user's rights to files. Fails, with nothing done, where those cannot be taken on.
    fn lend<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        let mut groups = vec![self.group];
        groups.extend(groups_of(&self.name));
        let own = getgroups()?;
        setgroups(&groups)?;
        setfsgid(self.group);
        setfsuid(self.user);
        // Both calls give what was there before, and no error: asked once more they tell whether it was done.
        let is_done = setfsgid(self.group) == self.group && setfsuid(self.user) == self.user;
        let result = is_done.then(work).ok_or_else(|| io::Error::from(io::ErrorKind::PermissionDenied));
        setfsuid(geteuid());
        setfsgid(nix::unistd::getegid());
        setgroups(&own)?;
        result
    }
}

/// Opens and reads what the command line names: in a dry run that sudo started, with the rights of the user who called sudo; else
/// as it is. Fails where those rights cannot be taken on. To be called while there is one thread.
pub fn for_invoker<T>(is_dry: bool, work: impl FnOnce() -> T) -> io::Result<T> {
    match Invoker::get().filter(|_| is_dry) {
        Some(invoker) => invoker.lend(work),
        None => Ok(work()),
    }
}

/// Why a file that the command line names is closed to a run, where it would be open to root; begins with a semicolon.
pub fn refusal(is_dry: bool, file: &Path) -> Option<String> {
    let invoker = Invoker::get().filter(|_| is_dry)?;
    let opened =
        invoker.lend(|| OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(file));
    let is_denied = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    opened.and_then(|opened| opened).is_err_and(|error| is_denied(&error)).then(|| format!("; {}", invoker.refusal()))
}

/// Whether a command line as sudo writes it down begins with a program that `is_program` knows; its path may have spaces.
fn starts_with_program(command: &OsStr, is_program: impl Fn(&Path) -> bool) -> bool {
    let bytes = command.as_bytes();
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(place, _)| place);
    ends.chain([bytes.len()]).any(|end| is_program(Path::new(OsStr::from_bytes(&bytes[..end]))))
}

/// Whether a path leads to the file that this process runs. Where that cannot be found out the answer is yes, the careful one.
fn is_this_program(path: &Path) -> bool {
    let file = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino()));
    file(Path::new("/proc/self/exe")).map_or(true, |own| file(path).is_ok_and(|other| own == other))
}

/// The groups that have this user among their members, by the file alone.
fn groups_of(name: &str) -> Vec<Gid> {
    let mut text = String::new();
    let read = File::open(GROUP_FILE).and_then(|file| file.take(MAX_GROUP_FILE).read_to_string(&mut text));
    if read.is_ok() { memberships(&text, name) } else { Vec::new() }
}

fn memberships(text: &str, name: &str) -> Vec<Gid> {
    let group = |line: &str| {
        let mut fields = line.split(':').skip(2);
        let number: u32 = fields.next()?.parse().ok()?;
        fields.next()?.split(',').any(|member| member == name).then(|| Gid::from_raw(number))
    };
    text.lines().filter_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_command_that_is_this_program_is_its_users() {
        let is_program = |path: &Path| path == Path::new("/opt/our tools/rntpdate");
        for (command, expected) in [
            ("/opt/our tools/rntpdate", true),
            ("/opt/our tools/rntpdate -q x", true),
            ("/bin/bash", false),
            ("/bin/bash -c /opt/our tools/rntpdate", false),
            ("", false),
        ] {
            assert_eq!(starts_with_program(OsStr::new(command), is_program), expected, "{command}");
        }
        assert!(is_this_program(&env::current_exe().unwrap()) && !is_this_program(Path::new("/bin/sh")));
    }

    #[test]
    fn root_needs_no_care_and_a_user_is_their_numbers() {
        let found = |user, group| Invoker::from_numbers(user, group, Some("eve".to_owned()));
        assert_eq!((found("0", "0"), found("x", "1"), found("-1", "1"), found("1000", "")), (None, None, None, None));
        let eve = found("1000", "100").unwrap();
        assert_eq!((eve.user.as_raw(), eve.group.as_raw()), (1000, 100));
        assert!(eve.refusal().contains("user eve"));
    }

    #[test]
    fn groups_are_those_that_name_the_user() {
        let text = "root:x:0:\nadm:x:4:eve,bob\nx:x:y:eve\neve\nmail:x:8:steve\nntp:x:9:bob,eve\n";
        assert_eq!(memberships(text, "eve"), [4, 9].map(Gid::from_raw));
        assert_eq!(memberships(text, "ev"), []);
    }
}

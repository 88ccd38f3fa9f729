//! Random numbers that nobody can guess, without ever waiting for them: a run at boot is there to set the clock, and a machine that
//! has gathered no chance yet may gather none for hours.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::OnceLock;

use super::ffi::get_random;

/// What the kernel gives though it has too little chance for keys; since Linux 5.6 by getrandom(2), before that by this file.
const DEVICE: &str = "/dev/urandom";
static FALLBACK: OnceLock<File> = OnceLock::new();

/// Opens what is needed when nothing can be opened any more. Gives what there is to say of the numbers' quality.
pub fn prepare() -> Option<&'static str> {
    let is_seeded = get_random(&mut [0; 8], libc::GRND_NONBLOCK);
    if is_seeded.is_ok() {
        return None;
    }
    if get_random(&mut [0; 8], libc::GRND_INSECURE).is_err()
        && let Ok(file) = File::open(DEVICE)
    {
        let _ = FALLBACK.set(file);
    }
    let is_early = is_seeded.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    is_early.then_some(
        "the kernel has gathered too little chance yet for good random numbers: replies could be forged more easily",
    )
}

/// Eight random bytes, or why there are none.
pub fn u64() -> io::Result<u64> {
    let mut bytes = [0; 8];
    fill(&mut bytes, get_random, FALLBACK.get())?;
    Ok(u64::from_ne_bytes(bytes))
}

/// By the best way that does not wait.
fn fill(
    bytes: &mut [u8; 8],
    get: impl Fn(&mut [u8; 8], libc::c_uint) -> io::Result<()>,
    fallback: Option<&File>,
) -> io::Result<()> {
    let good = get(bytes, libc::GRND_NONBLOCK);
    good.or_else(|_| get(bytes, libc::GRND_INSECURE)).or_else(|error| match fallback {
        Some(mut file) => file.read_exact(bytes),
        None => Err(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(number: i32) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(number))
    }

    #[test]
    fn whatever_the_kernel_says_nothing_waits_and_nothing_is_zero() {
        for errors in [[libc::EAGAIN, 0], [libc::EAGAIN, libc::EINVAL], [libc::ENOSYS; 2], [libc::EPERM; 2]] {
            let get = |bytes: &mut [u8; 8], flags| {
                assert_ne!(flags, 0, "that would wait");
                let number = errors[usize::from(flags == libc::GRND_INSECURE)];
                if number == 0 {
                    bytes.fill(7);
                    return Ok(());
                }
                error(number)
            };
            let mut bytes = [0; 8];
            let file = File::open(DEVICE).unwrap();
            fill(&mut bytes, get, Some(&file)).unwrap();
            assert_ne!(bytes, [0; 8]);
            assert_eq!(fill(&mut [0; 8], get, None).is_ok(), errors[1] == 0, "none is an error");
        }
    }

    #[test]
    fn numbers_differ() {
        prepare();
        assert_ne!(u64().unwrap(), u64().unwrap());
    }
}

//! What `rhwclock` does, and the part of it that `rntpdate -w` needs.
//!
//! Pure: [`adjtime`] (the file's format), [`date`] (what users write after `--date`), [`drift`] (the arithmetic),
//! [`rtc_time`] (the chip's date and time), [`zone`] (local time), [`timeline`] (which moment it is), [`text`] (lines).
//! Over the traits of [`crate::system`]: [`systohc`] (the exact write), [`follow`] (what
//! `rntpdate -w` does with it), [`functions`] (one per function of the
//! program), [`record`] (the adjtime file), [`request`] (the command line's meaning), [`command`] (all together).

pub mod adjtime;
pub mod command;
pub mod date;
pub mod drift;
pub mod follow;
pub mod functions;
pub mod record;
pub mod request;
pub mod rtc_time;
pub mod systohc;
pub mod text;
pub mod timeline;
pub mod zone;

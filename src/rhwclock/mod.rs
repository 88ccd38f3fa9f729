//! What `rhwclock` does, and the part of it that `rntpdate -w` needs.
//!
//! [`systohc`] is the exact write, [`functions`] has one for each function of the program, [`record`] is the adjtime file,
//! [`request`] the meaning of the command line, [`date`] (pure) what users write after `--date`, [`text`] (pure) the lines,
//! [`command`] all together.

pub mod command;
pub mod date;
pub mod functions;
pub mod record;
pub mod request;
pub mod systohc;
pub mod text;

//! rntpdate: the command line in, the real system, the exit status out.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = rntpdate::cli::program_name(arguments.next().as_ref(), "rntpdate");
    ExitCode::from(rntpdate::command::rntpdate(&program, arguments) as u8)
}

//! rntpdate: the command line in, the real system, the exit status out.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = rntpdate::program_name(arguments.next().as_ref(), "rntpdate");
    ExitCode::from(rntpdate::rntpdate(&program, arguments))
}

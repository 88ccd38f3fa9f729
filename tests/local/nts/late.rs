//! News that come while a run does something else.

use super::setting::Runs;
use super::stage::Stage;
use crate::support::nts::time_server::Play;
use crate::support::require;

/// The server's word that it does not know the cookies is there before the run looks for it first: the process that has handed over a
/// socket is stopped for a while then.
#[test]
fn keys_are_exchanged_anew_however_early_the_server_says_that_it_has_lost_its_own() {
    let (Some(_), true) = (require::servers(), require::present("strace")) else { return };
    let stage = Stage::of_time(Play::Honest);
    let runs = Runs::new(&stage.network, &stage.authority);
    runs.report(&["-p2", "--interval=0.1"]);
    stage.keys.as_ref().expect("a server for keys").vault.forget();
    let slow =
        ["strace", "-qq", "-o/dev/null", "-e", "inject=sendmsg:delay_exit=200000", env!("CARGO_BIN_EXE_rntpdate")];
    let mut command = runs.command_by(&slow.map(str::as_ref), &["--json", "-p2", "--interval=0.1"]);
    let output = command.output().expect("strace");
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:#?}"));
    let (host, server) = (&report["hosts"][0]["nts"], &report["servers"][0]["nts"]);
    assert_eq!((host["renewed"].as_str(), server["result"].as_str()), (Some("refused"), Some("passed")), "{report:#}");
}

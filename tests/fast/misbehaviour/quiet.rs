//! What a run with --quiet still says.

use rntpdate::internals::linux::host::local_zone;
use rntpdate::internals::outcome::{ExitStatus, Outcome};
use rntpdate::internals::plan::Plan;
use rntpdate::internals::report::{Context, render};

use super::{plan, run};
use crate::support::ntpserver::{Behaviour, SECOND, Server};

fn said(outcome: &Outcome, plan: &Plan) -> Vec<String> {
    render(outcome, &Context { plan, zone: &local_zone }).into_iter().map(|line| line.text).collect()
}

#[test]
fn a_slew_is_not_worth_a_word_and_an_rtc_that_was_not_set_is() {
    let server = Server::builder().start();
    let plan_without = plan(&[&server], &["--quiet", "-p1"]);
    assert_eq!(said(&run(&plan_without), &plan_without), Vec::<String>::new());
    // There is no RTC in these tests.
    let plan_with = plan(&[&server], &["--quiet", "-p1", "-w", "--utc", "--noadjfile"]);
    let outcome = run(&plan_with);
    assert_eq!(outcome.exit_status(), ExitStatus::RtcNotSet);
    let lines = said(&outcome, &plan_with);
    assert!(lines.len() == 1 && lines[0].contains("no RTC"), "{lines:?}");
}

#[test]
fn a_step_and_a_failure_are_one_line_each() {
    let server = Server::builder().offset(3 * SECOND).start();
    let plan_step = plan(&[&server], &["--quiet", "-p1"]);
    let lines = said(&run(&plan_step), &plan_step);
    assert!(lines.len() == 1 && lines[0].starts_with("step time server 127.0.0.1 offset +"), "{lines:?}");
    let silent = Server::builder().behave(Behaviour::Silent).start();
    let plan_silent = plan(&[&silent], &["--quiet", "-p1", "-t0.2"]);
    let lines = said(&run(&plan_silent), &plan_silent);
    assert!(lines.len() == 1 && lines[0].contains("no reply to 1 request"), "{lines:?}");
}

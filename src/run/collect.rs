//! `--collect`: the results of many machines, from standard input, put together.

use anyhow::{Context as _, Result, anyhow};

use crate::check::Level;
use crate::cli::rntpdate::RntpdateCli;
use crate::collect;
use crate::collect::{Cluster, MAX_LINE, Reader};
use crate::fleet::MAX_BYTES;
use crate::line::{Channel, Line};
use crate::linux::SystemClock;
use crate::linux::files::list;
use crate::linux::sandbox::confine::Needs;
use crate::linux::sandbox::rights::close_inherited;
use crate::linux::term::LineWriter;
use crate::machine::Clock as _;
use crate::plan::{CollectPlan, Plan};
use crate::report::collect::{cluster_lines, cluster_object, failed_object, node_line, node_object};
use crate::run::early_end::many_unknown;
use crate::run::this_machine::confine;

/// The most that is read: 65,536 machines with 8 KiB each.
const MOST: usize = 512 << 20;

/// Does what such a command line says; what keeps the run from its work is `Unknown`.
pub(crate) fn run(program: &str, cli: &RntpdateCli) -> Level {
    let done = Plan::new(program, cli).map_err(Into::into).and_then(|mut plan| {
        let collect = plan.collect.take().context("there is nothing to collect")?;
        put_together(&plan, &collect)
    });
    done.unwrap_or_else(|error| many_unknown(program, cli.json.then_some(failed_object), &format!("{error:#}")))
}

fn put_together(plan: &Plan, wanted: &CollectPlan) -> Result<Level> {
    close_inherited();
    let expected = wanted.expected.as_deref().map(|file| {
        list::from_file(file, MAX_BYTES).map_err(|error| anyhow!("cannot read the list {}: {error}", file.display()))
    });
    let expected = expected.transpose()?;
    let mut writer = LineWriter::new(&plan.program, false).stderr_only(plan.output.json);
    // Nothing that comes in is to have anybody's rights.
    writer.write(&confine(&[], &Needs::default(), plan));
    let mut reader = Reader::default();
    let read = list::lines_from_stdin(MAX_LINE, MOST, |line| reader.line(line));
    read.map_err(|error| anyhow!("cannot read standard input: {error}"))?;
    let (delivered, warnings) = reader.finish();
    if delivered.is_empty() && expected.is_none() {
        let why = warnings.first().map_or("it is empty".to_owned(), Clone::clone);
        return Err(anyhow!("no output of \"rntpdate --json\" in standard input: {why}"));
    }
    let nodes = delivered.iter().map(|one| one.node.as_str());
    let missing = expected.map_or_else(Vec::new, |list| collect::missing(&list, nodes));
    let mut cluster = collect::compare(&delivered, missing, &wanted.limits, SystemClock.now().real);
    cluster.warnings.extend(warnings);
    print(plan, &cluster, &mut writer);
    Ok(if writer.finish() { cluster.level } else { Level::Unknown })
}

fn print(plan: &Plan, cluster: &Cluster, writer: &mut LineWriter) {
    if plan.output.json {
        cluster.nodes.iter().for_each(|node| writer.write_object(&node_object(node)));
        return writer.write_object(&cluster_object(cluster));
    }
    let is_told = |level: Level| !plan.output.quiet || level != Level::Ok;
    let nodes = cluster.nodes.iter().filter(|node| is_told(node.level)).map(node_line);
    let summary = if is_told(cluster.level) { cluster_lines(cluster) } else { Vec::new() };
    let at = SystemClock.now().real;
    let lines = nodes.chain(summary).map(|text| Line { channel: Channel::Stdout, at, text });
    writer.write(&lines.collect::<Vec<_>>());
}

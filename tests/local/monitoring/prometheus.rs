//! From a run through a real node_exporter to a real Prometheus, whose alerts come and go with the clock.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Servers;
use super::rules::{contrib, dashboard_expressions};
use crate::support::ntpserver::{MILLISECOND, SECOND};
use crate::support::require;

/// For everything that a busy machine may take its time for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon that ends with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// node_exporter and Prometheus in the servers' network, with their files in a folder.
struct Monitoring<'a> {
    servers: &'a Servers,
    _daemons: [Daemon; 2],
}

impl Monitoring<'_> {
    fn start<'a>(servers: &'a Servers, tree: &Path, folder: &Path) -> Monitoring<'a> {
        fs::copy(contrib("rntpdate.rules.yml"), folder.join("rntpdate.rules.yml")).unwrap();
        let config = "global: {scrape_interval: 1s, evaluation_interval: 1s}\n\
                      rule_files: [rntpdate.rules.yml]\n\
                      scrape_configs: [{job_name: node, static_configs: [{targets: ['127.0.0.1:9100']}]}]\n";
        fs::write(folder.join("prometheus.yml"), config).unwrap();
        let start = |program: &str, arguments: &[String]| {
            let log = fs::File::create(folder.join(format!("{program}.log"))).unwrap();
            let mut command = servers.network.command(tree.join("usr/bin").join(program));
            let command = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            Daemon(command.spawn().unwrap())
        };
        let folder = folder.display();
        let exporter = start(
            "prometheus-node-exporter",
            &[
                "--collector.disable-defaults".to_owned(),
                "--collector.textfile".to_owned(),
                format!("--collector.textfile.directory={folder}"),
                "--web.listen-address=127.0.0.1:9100".to_owned(),
            ],
        );
        let prometheus = start(
            "prometheus",
            &[
                format!("--config.file={folder}/prometheus.yml"),
                format!("--storage.tsdb.path={folder}/data"),
                "--web.listen-address=127.0.0.1:9090".to_owned(),
            ],
        );
        Monitoring { servers, _daemons: [exporter, prometheus] }
    }

    /// What an HTTP server of the network answers; nothing while it does not.
    fn get(&self, port: u16, path: &str) -> Option<String> {
        let mut stream = self.servers.network.enter(|| TcpStream::connect(("127.0.0.1", port))).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    }

    /// The samples that a query finds, as labels and value.
    fn query(&self, expression: &str) -> Vec<(Value, f64)> {
        let words: String = expression.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let Some(body) = self.get(9090, &format!("/api/v1/query?query={words}")) else { return Vec::new() };
        let Ok(answer) = serde_json::from_str::<Value>(&body) else { return Vec::new() };
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        let samples = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let sample = |sample: Value| (sample["metric"].clone(), sample["value"][1].as_str().unwrap().parse().unwrap());
        samples.into_iter().map(sample).collect()
    }

    fn firing(&self, alert: &str) -> bool {
        !self.query(&format!("ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}")).is_empty()
    }

    /// How long it took until this was so.
    #[track_caller]
    fn wait_for(&self, what: &str, is_so: impl Fn(&Self) -> bool) -> Duration {
        let begun = Instant::now();
        while !is_so(self) {
            assert!(
                begun.elapsed() < PATIENCE,
                "{what}: {:?}",
                self.query("{__name__=~\"rntpdate_.*|ALERTS|node_textfile.*|up\"}")
            );
            thread::sleep(Duration::from_millis(200));
        }
        println!("{what}: {:?}", begun.elapsed());
        begun.elapsed()
    }
}

#[test]
fn an_alert_fires_after_the_clock_was_moved_and_resolves() {
    if require::servers().is_none() {
        return;
    }
    let Some(tree) = require::more("monitoring") else { return };
    let servers = Servers::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rntpdate.prom");
    let monitoring = Monitoring::start(&servers, &tree, folder.path());
    let run = || {
        let ran =
            servers.rntpdate(&["-q", "--metrics", file.to_str().unwrap(), "127.0.0.1", "127.0.0.10", "127.0.0.2"]);
        assert_eq!(ran.status, 0, "{ran:?}");
    };
    // Seen from a clock that was moved, all honest servers have moved.
    let move_clock = |by| [0, 7].iter().for_each(|server| servers.servers[*server].set_offset(by));
    run();
    monitoring.wait_for("the offset arrives", |all| {
        all.query("rntpdate_offset_seconds").first().is_some_and(|(_, offset)| (offset - 0.02).abs() < 0.02)
    });
    assert!(!monitoring.firing("RntpdateClockFarOff"));
    move_clock(-3 * SECOND);
    run();
    monitoring.wait_for("the alert fires", |all| all.firing("RntpdateClockFarOff"));
    every_expression_is_one(&monitoring);
    move_clock(MILLISECOND);
    run();
    monitoring.wait_for("the alert resolves", |all| !all.firing("RntpdateClockFarOff"));
    // A run that fails says nothing of the offset, and keeps the time of the last success.
    let ran = servers.rntpdate(&["-q", "--metrics", file.to_str().unwrap(), "127.0.0.9"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    monitoring.wait_for("the failure arrives", |all| !all.query("rntpdate_exit_status == 1").is_empty());
    assert!(monitoring.query("rntpdate_last_success_timestamp_seconds > 0").len() == 1);
    let errors = monitoring.query("max_over_time(node_textfile_scrape_error[10m])");
    assert!(errors.len() == 1 && errors[0].1 == 0.0, "{errors:?}");
}

/// Prometheus understands what the dashboard asks, and has something to show for what this run measured.
fn every_expression_is_one(monitoring: &Monitoring<'_>) {
    for expression in dashboard_expressions() {
        let found = monitoring.query(&expression);
        println!("{} {expression}", found.len());
        let is_other = ["frequency", "rtc", "> 3000", "> 7200", "!= 0"].iter().any(|part| expression.contains(part));
        assert!(!found.is_empty() || is_other, "{expression} finds nothing");
    }
    let liars = monitoring.query("rntpdate_server_standing_info{standing=\"falseticker\"}");
    assert!(liars.len() == 1 && liars[0].0["server"] == "127.0.0.2", "{liars:?}");
}

//! What does an evaluation cost, from either store, against the least that could do the same work?
//!
//! Start at [`run`]; it prints the table that docs/performance.md keeps. Each figure is a ratio of two programs measured in
//! the same run, the least of several repetitions, because machines differ and are shared.

mod dataset;
mod measure;
pub(crate) mod receive;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use dataset::{ASSETS, Dataset};
use measure::{Cost, Server};

use crate::service::{self, Service};

/// 60 days of 5-minute samples, first and last included.
const SAMPLES: usize = 17_281;
/// Runs of which the cheapest counts.
const RUNS: usize = 5;

/// Builds the programs, generates the sets, measures, prints.
pub(crate) fn run(root: &Path, service: Option<&str>) -> anyhow::Result<()> {
    let service = service::chosen(root, service)?;
    build(root, &service.package)?;
    let work = root.join("target/bench-evaluate");
    let bench = Bench { service, bin: root.join("target/release"), work };
    let once = bench.measure(SAMPLES, RUNS)?;
    let tenfold = bench.measure(SAMPLES * 10, 2)?;
    print(&once, &tenfold)
}

fn build(root: &Path, package: &str) -> anyhow::Result<()> {
    let mut build = Command::new("cargo");
    build
        .args(["build", "--release", "--quiet", "-p", package, "-p", "advisor-testkit", "-p", "xtask"])
        .current_dir(root);
    if !build.status().context("starting cargo")?.success() {
        bail!("building the measured programs failed");
    }
    let shell = Command::new("sqlite3").arg("--version").stdout(Stdio::null()).status();
    shell
        .context("starting sqlite3; install it (apt-get install sqlite3), the embedded store is measured against it")?;
    Ok(())
}

struct Bench {
    service: Service,
    bin: PathBuf,
    work: PathBuf,
}

/// The costs of one set.
struct Costs {
    rows: usize,
    greptime_once: Cost,
    greptime_receive: Cost,
    embedded_once: Cost,
    sqlite_select: Cost,
    import: Cost,
    sqlite_import: Cost,
}

impl Bench {
    fn measure(&self, samples: usize, runs: usize) -> anyhow::Result<Costs> {
        let folder = self.work.join(format!("{samples}"));
        eprintln!("generating {samples} samples per wallet in {}", folder.display());
        let set = Dataset::generate(&folder, samples)?;
        let (greptime_once, greptime_receive) = self.greptime(&set, runs)?;
        let (embedded_once, sqlite_select, import, sqlite_import) = self.embedded(&set, runs)?;
        Ok(Costs {
            rows: set.rows(),
            greptime_once,
            greptime_receive,
            embedded_once,
            sqlite_select,
            import,
            sqlite_import,
        })
    }

    fn service(&self, config: &Path) -> Command {
        let mut command = Command::new(self.bin.join(&self.service.package));
        command.arg("--config").arg(config).args(["--log-level", "ERROR"]);
        command
    }

    /// One evaluation from the stand-in, against receiving the same answers.
    fn greptime(&self, set: &Dataset, runs: usize) -> anyhow::Result<(Cost, Cost)> {
        eprintln!("loading {} rows into the GreptimeDB stand-in", set.rows());
        let (_server, url) = self.serve(set)?;
        let config = self.write_config(set, &format!("greptime: {{host: \"{url}\", timeout: 120}}"))?;
        let once = measure::best_of(runs, || {
            let mut command = self.service(&config);
            command.arg("--once");
            Ok(command)
        })?;
        let statements = self.statements(&config)?;
        let receive = measure::best_of(runs, || {
            let mut command = Command::new("sh");
            let xtask = self.bin.join("xtask");
            command.args(["-c", "exec \"$0\" receive \"$1\" <\"$2\""]).arg(xtask).arg(&url).arg(&statements);
            Ok(command)
        })?;
        Ok((once, receive))
    }

    fn serve(&self, set: &Dataset) -> anyhow::Result<(Server, String)> {
        let mut command = Command::new(self.bin.join("greptime-stand-in"));
        for asset in ASSETS {
            let flows = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, tx_hash STRING, \
                         PRIMARY KEY (wallet_address, tx_hash)";
            let positions = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, underlying_units DOUBLE, usd_value DOUBLE, \
                             price_usd DOUBLE, PRIMARY KEY (wallet_address)";
            for (kind, columns, file) in [
                ("supply_positions", positions, set.positions(asset)),
                ("deposits", flows, set.deposits(asset)),
                ("withdrawals", flows, set.withdrawals(asset)),
            ] {
                let table = format!("liqwid_{kind}_{asset}");
                command.arg("--sql").arg(format!("CREATE TABLE {table} ({columns})"));
                command.arg("--csv").arg(format!("{table}={}", file.display()));
            }
        }
        let mut child = command.stdout(Stdio::piped()).spawn().context("starting the GreptimeDB stand-in")?;
        let stdout = child.stdout.take().context("the stand-in has no standard output")?;
        let server = Server(child);
        let mut url = String::new();
        BufReader::new(stdout).read_line(&mut url).context("waiting for the stand-in")?;
        if url.is_empty() {
            bail!("the stand-in ended before it was ready");
        }
        Ok((server, url.trim().to_owned()))
    }

    /// The statements that one evaluation sends, as the service logs them.
    fn statements(&self, config: &Path) -> anyhow::Result<PathBuf> {
        let mut command = Command::new(self.bin.join(&self.service.package));
        command.arg("--config").arg(config).args(["--once", "--log-level", "DEBUG", "--log-format", "json"]);
        let output = command.output().with_context(|| format!("starting {}", self.service.package))?;
        let mut statements = String::new();
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            let event: serde_json::Value =
                serde_json::from_str(line).with_context(|| format!("reading log line {line}"))?;
            if let Some(sql) = event["fields"]["sql"].as_str() {
                statements.push_str(sql);
                statements.push('\n');
            }
        }
        if !statements.contains("supply_positions") {
            bail!("the service's log has no statement on positions");
        }
        let file = self.work.join("statements.sql");
        fs::write(&file, statements).with_context(|| format!("writing {}", file.display()))?;
        Ok(file)
    }

    /// One evaluation from the embedded store and one import, against the `sqlite3` shell on the same rows.
    fn embedded(&self, set: &Dataset, runs: usize) -> anyhow::Result<(Cost, Cost, Cost, Cost)> {
        let store = self.work.join("embedded.db");
        let config = self.write_config(set, &format!("embedded: {{path: \"{}\"}}", store.display()))?;
        let largest = set.positions(ASSETS[0]);
        let import = measure::best_of(runs.min(3), || {
            remove_database(&store)?;
            let mut command = self.service(&config);
            command.arg("import").arg(&largest);
            Ok(command)
        })?;
        measure::run(self.service(&config).arg("import").arg(&set.folder))?;
        let copy = self.work.join("shell.db");
        let sqlite_import = measure::best_of(runs.min(3), || {
            remove_database(&copy)?;
            let mut command = Command::new("sqlite3");
            command.arg(&copy).arg(
                "create table t (ts integer, wallet_address text, underlying_units real, usd_value real, price_usd real, \
                 primary key (wallet_address, ts)) without rowid",
            );
            command.arg(format!(".import --csv --skip 1 {} t", largest.display()));
            Ok(command)
        })?;
        let once = measure::best_of(runs, || {
            let mut command = self.service(&config);
            command.arg("--once");
            Ok(command)
        })?;
        let select = measure::best_of(runs, || {
            let mut command = Command::new("sqlite3");
            command.arg(&store).arg("select sum(usd_value), sum(price_usd), max(ts), sum(wallet_id) from positions");
            Ok(command)
        })?;
        Ok((once, select, import, sqlite_import))
    }

    /// Without a journal: what is measured reads, and only what reads can be asked again by the yardstick.
    fn write_config(&self, set: &Dataset, store: &str) -> anyhow::Result<PathBuf> {
        let end = Timestamp::from_millisecond(set.end_ms()).context("the set's end is no instant")?;
        let text = format!(
            "client:\n  {store}\n  assets: [{}]\n  date_range: {{end: \"{end}\"}}\n\
             {}:\n  journal: {{enabled: false}}\n  \
             decision_gate: {{min_residual_bps: 10, peg: {{target_usd: 1.0, max_deviation_bps: 100}}}}\n",
            ASSETS.join(", "),
            self.service.configuration_section
        );
        let file = self.work.join("config.yaml");
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        Ok(file)
    }
}

fn remove_database(file: &Path) -> anyhow::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let part = PathBuf::from(format!("{}{suffix}", file.display()));
        if part.exists() {
            fs::remove_file(&part).with_context(|| format!("removing {}", part.display()))?;
        }
    }
    Ok(())
}

fn print(once: &Costs, tenfold: &Costs) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "| rows | what | measured | against | ratio | limit |\n|---|---|---|---|---|---|")?;
    for costs in [once, tenfold] {
        let rows = costs.rows;
        let Costs { greptime_once, greptime_receive, embedded_once, sqlite_select, import, sqlite_import, .. } = costs;
        let mut row = |what: &str, this: f64, that: f64, limit: &str| {
            writeln!(out, "| {rows} | {what} | {this:.3} s | {that:.3} s | {:.2} | {limit} |", this / that)
        };
        let (seconds, cpu) = (|cost: &Cost| cost.wall.as_secs_f64(), |cost: &Cost| cost.cpu.as_secs_f64());
        row(
            "GreptimeDB: CPU of --once, against receiving and parsing",
            cpu(greptime_once),
            cpu(greptime_receive),
            "2.5",
        )?;
        row("embedded: wall of --once, against sqlite3's sums", seconds(embedded_once), seconds(sqlite_select), "2")?;
        row("import of one table: wall, against sqlite3's .import", seconds(import), seconds(sqlite_import), "3")?;
    }
    let megabytes = |cost: &Cost| cost.peak_rss as f64 / 1e6;
    writeln!(
        out,
        "\n| peak RSS of --once | {} rows | {} rows | columns alone |\n|---|---|---|---|",
        once.rows, tenfold.rows
    )?;
    for (store, small, large) in [
        ("GreptimeDB", &once.greptime_once, &tenfold.greptime_once),
        ("embedded", &once.embedded_once, &tenfold.embedded_once),
    ] {
        let columns = |costs: &Costs| costs.rows as f64 * 32.0 / 1e6;
        writeln!(
            out,
            "| {store} | {:.1} MB | {:.1} MB | {:.1} and {:.1} MB |",
            megabytes(small),
            megabytes(large),
            columns(once),
            columns(tenfold)
        )?;
    }
    let growth = |of: fn(&Costs) -> Cost| of(tenfold).wall.as_secs_f64() / of(once).wall.as_secs_f64();
    writeln!(
        out,
        "\nTen times the rows take {:.1} times the time from GreptimeDB and {:.1} times from the embedded store (limit 11).",
        growth(|costs| costs.greptime_once),
        growth(|costs| costs.embedded_once)
    )?;
    Ok(())
}

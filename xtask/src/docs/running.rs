//! The program as it runs: with an asset, its prices and transactions, and every metric shown.
//!
//! Start at [`Running::start`]. Liqwid and Minswap are the stand-ins of `advisor-testkit`, so that no network is
//! needed; what a metric or an answer is called does not depend on who answers. The only asset gained nothing and had a
//! withdrawal without a tag, so that a reason and the warning about it are there to be read.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use advisor_testkit::liqwid::Liqwid;
use advisor_testkit::minswap::Minswap;
use anyhow::{Context as _, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use super::program::Program;
use crate::service::Service;

const TOKEN: (&str, &str) = ("1f3aec8bfe7ea4fe14c5f121e2a92e301afe414147860d557cac7e34", "55534443");
const WALLET: &str = "addr1qyexample";
const SAMPLES: i64 = 24;
/// How long it may take to come up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The running service; it ends when dropped.
pub(super) struct Running<'s> {
    pub(super) service: &'s Service,
    child: Child,
    url: String,
    runtime: Runtime,
    client: reqwest::Client,
    _apis: (Liqwid, Minswap),
}

impl<'s> Running<'s> {
    /// Starts the service and waits for its first evaluation.
    pub(super) fn start(program: &Program<'_>, service: &'s Service) -> anyhow::Result<Self> {
        let apis = (Liqwid::start(), Minswap::start(0.5));
        apis.0.add_market("USDC", 1.0);
        apis.1.set_token(&format!("{}{}", TOKEN.0, TOKEN.1), 2.0);
        write_data(program)?;
        write_configuration(program, &service.configuration_section, &apis)?;
        let mut child = program
            .command(&["--config", "served/served.yaml"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting the service")?;
        let log = BufReader::new(child.stderr.take().context("the service has no log")?);
        // An error means that there is a provider already; plain HTTP uses none, but no client is built without.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(PATIENCE).build();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
        let mut running = Self {
            service,
            child,
            url: String::new(),
            runtime,
            client: client.context("building the client")?,
            _apis: apis,
        };
        running.url = listened(log)?;
        running.wait()?;
        running.sync()?;
        Ok(running)
    }

    fn wait(&self) -> anyhow::Result<()> {
        let until = std::time::Instant::now() + PATIENCE;
        while self.get("/startupz", "*/*").is_err() {
            if std::time::Instant::now() > until {
                bail!("the service made no evaluation within {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Pulls transactions; when that last succeeded is a metric.
    fn sync(&self) -> anyhow::Result<()> {
        let request = self.client.post(format!("{}/api/sync/transactions", self.url));
        let answer =
            self.runtime.block_on(async { request.send().await?.text().await }).context("pulling transactions")?;
        let summary: Json = serde_json::from_str(&answer).context("reading what pulling transactions did")?;
        ensure!(summary["status"] == "success", "pulling transactions failed: {answer}");
        Ok(())
    }

    /// The body of an answer.
    pub(super) fn get(&self, path: &str, accept: &str) -> anyhow::Result<String> {
        let request = self.client.get(format!("{}{path}", self.url)).header("accept", accept);
        self.runtime.block_on(async {
            let answer = request.send().await.with_context(|| format!("asking for {path}"))?;
            Ok(answer.error_for_status()?.text().await?)
        })
    }

    /// What the service warns of.
    pub(super) fn warnings(&self) -> anyhow::Result<Vec<String>> {
        let advice: Json = serde_json::from_str(&self.get("/api/explain?asset=usdc", "*/*")?)?;
        serde_json::from_value(advice["warnings"].clone()).context("reading the warnings of an explanation")
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// The address in the log's line about the server; the rest of the log is read, so that the service can go on writing.
fn listened(mut log: BufReader<std::process::ChildStderr>) -> anyhow::Result<String> {
    let mut all = String::new();
    loop {
        let before = all.len();
        if log.read_line(&mut all).context("reading the log of the service")? == 0 {
            bail!("the service ended:\n{all}");
        }
        if let Some((_, url)) = all[before..].split_once("Starting HTTP server on ") {
            let url = url.trim().to_owned();
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return Ok(url);
        }
    }
}

fn write_data(program: &Program<'_>) -> anyhow::Result<()> {
    let folder = program.folder().join("served");
    fs::create_dir_all(&folder).context("creating the folder of the tables")?;
    let now = Timestamp::now();
    let at = |hour: i64| now.checked_sub(SignedDuration::from_hours(SAMPLES - hour));
    let mut positions = "ts,wallet_address,underlying_units,usd_value,price_usd\n".to_owned();
    for hour in 1..=SAMPLES {
        // 50 go out half-way, of some gain: else they would lower no limit.
        let value = hour as f64 * 0.1 + if hour < SAMPLES / 2 { 1000.0 } else { 950.0 };
        positions += &format!("{},{WALLET},{value},{value},1\n", at(hour)?);
    }
    let flows = |amount: u32, hour| anyhow::Ok(format!("ts,wallet_address,amount\n{},{WALLET},{amount}\n", at(hour)?));
    for (table, rows) in
        [("supply_positions", positions), ("deposits", flows(1000, 0)?), ("withdrawals", flows(50, SAMPLES / 2)?)]
    {
        let file = folder.join(format!("liqwid_{table}_usdc.csv"));
        fs::write(&file, rows).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}

fn write_configuration(
    program: &Program<'_>,
    section: &str,
    (liqwid, minswap): &(Liqwid, Minswap),
) -> anyhow::Result<()> {
    let schema = program.schema()?;
    let expose = schema["$defs"]["Expose"]["properties"].as_object().context("the schema has no list of metrics")?;
    let expose: Vec<String> = expose.keys().map(|name| format!("{name}: true")).collect();
    let yaml = format!(
        "client:\n  assets: [usdc]\n  embedded: {{path: served/store.db, import: [served]}}\n\
         {section}:\n  telemetry: {{listen_port: 0, expose: {{{}}}}}\n  price_compare: {{enabled: true}}\n  \
         apis: {{liqwid_graphql: \"{}\", minswap_aggregator: \"{}\"}}\n",
        expose.join(", "),
        liqwid.endpoint(),
        minswap.url(),
    );
    let folder = program.folder().join("served");
    let registry = format!("asset,policy_id,token_name_hex\nusdc,{},{}\n", TOKEN.0, TOKEN.1);
    fs::write(folder.join("served.yaml"), yaml).context("writing the configuration of the service")?;
    fs::write(folder.join("token_registry.csv"), registry).context("writing the token registry of the service")
}

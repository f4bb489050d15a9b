//! Two wallets whose gain is known to the cent at any time of day, in either store.
//!
//! Both wallets have a sample every hour from hour 0 to hour 96, which was a minute ago, and earn 0.50 USD in each of them;
//! the price is 1. Wallet a took out 3 USD in hour 48, which is tagged as the reference, and 3 USD in hour 72, which is
//! not. So the gain is (96 − 48) · 2 · 0.50 = 48 USD and half of it may be withdrawn; counted from hour 72 it is 24 USD,
//! and from the first sample 96 USD. The gate does not hold.

use std::fmt::Write as _;
use std::fs;

use advisor_testkit::greptime::Greptime;
use jiff::Timestamp;
use serde_json::Value as Json;
use testkit::PATIENCE;
use testkit::folder::{Folder, Run};
use testkit::service::Service;

use crate::server;
use crate::support::checkout;

pub(crate) const A: &str = "addr1qxalicealicealicealicealicealicealicealicealiceaaaa";
pub(crate) const B: &str = "addr1qxbobbobbobbobbobbobbobbobbobbobbobbobbobbobbbbbbbb";

/// The transactions of the withdrawals in hours 48 and 72.
pub(crate) const TAGGED: &str = "aa480000000000000000000000000000000000000000000000000000000000aa";
pub(crate) const PAYROLL: &str = "bb720000000000000000000000000000000000000000000000000000000000bb";

/// The tables of flows.
pub(crate) const DEPOSITS: &str = "liqwid_deposits_djed";
pub(crate) const WITHDRAWALS: &str = "liqwid_withdrawals_djed";
/// The table of samples.
pub(crate) const POSITIONS: &str = "liqwid_supply_positions_djed";

/// The hour of the newest sample.
pub(crate) const NEWEST: i64 = 96;

const SAMPLES: &str = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, underlying_units DOUBLE, usd_value DOUBLE, \
                         price_usd DOUBLE, PRIMARY KEY (wallet_address)";
const FLOWS: &str = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, tx_hash STRING, \
                     PRIMARY KEY (wallet_address, tx_hash)";

/// The data of one asset, djed, and the configuration that reads them.
pub(crate) struct World {
    pub(crate) clone: Folder,
    pub(crate) greptime: Option<Greptime>,
    /// The instant of hour 0, in seconds since the epoch.
    start: i64,
}

impl World {
    pub(crate) fn embedded() -> Self {
        let world = Self::written();
        world.configure("");
        world
    }

    pub(crate) fn greptime() -> Self {
        Self::greptime_with_flows(FLOWS)
    }

    /// With flow tables as another service may have made them.
    pub(crate) fn greptime_with_flows(columns: &str) -> Self {
        Self::greptime_with_tables([POSITIONS, DEPOSITS, WITHDRAWALS], columns)
    }

    /// With names of its own for the tables of samples, deposits and withdrawals.
    pub(crate) fn greptime_named(names: [&str; 3]) -> Self {
        Self::greptime_with_tables(names, FLOWS)
    }

    fn greptime_with_tables(names: [&str; 3], flows: &str) -> Self {
        let mut world = Self::written();
        let greptime = Greptime::start();
        let files = [(POSITIONS, SAMPLES), (DEPOSITS, flows), (WITHDRAWALS, flows)];
        for (name, (file, columns)) in names.into_iter().zip(files) {
            let name = format!("\"{name}\"");
            greptime.execute(&format!("CREATE TABLE {name} ({columns})")).unwrap();
            greptime.load_csv(&name, &world.clone.path(&format!("data/{file}.csv"))).unwrap();
        }
        world.greptime = Some(greptime);
        world.configure("");
        world
    }

    /// The same in either store.
    pub(crate) fn both() -> [Self; 2] {
        [Self::embedded(), Self::greptime()]
    }

    /// As if the machine's clock were so many days ahead: all that happened in this world is as long ago.
    pub(crate) fn days_ago(days: i64) -> Self {
        let world = Self::written_at(Timestamp::now().as_second() - days * 86_400);
        world.configure("");
        world
    }

    fn written() -> Self {
        Self::written_at(Timestamp::now().as_second())
    }

    /// What had happened by then.
    fn written_at(second: i64) -> Self {
        let world = Self { clone: checkout(), greptime: None, start: second - 60 - NEWEST * 3600 };
        fs::create_dir(world.clone.path("data")).unwrap();
        let mut positions = String::from("ts,wallet_address,underlying_units,usd_value,price_usd\n");
        for hour in 0..=NEWEST {
            let taken = 3 * (i64::from(hour >= 48) + i64::from(hour >= 72));
            for (wallet, value) in [(A, 10_000 - taken), (B, 20_000)] {
                let value = value as f64 + 0.5 * hour as f64;
                writeln!(positions, "{},{wallet},{value},{value},1", world.hour(hour)).unwrap();
            }
        }
        world.clone.write("data/liqwid_supply_positions_djed.csv", &positions);
        world.clone.write("data/liqwid_deposits_djed.csv", "ts,wallet_address,amount,memo,tx_hash\n");
        let withdrawals = format!(
            "ts,wallet_address,amount,memo,tx_hash\n{},{A},3,gain (alert_driven_withdrawal),{TAGGED}\n{},{A},3,payroll,{PAYROLL}\n",
            world.hour(48),
            world.hour(72)
        );
        world.clone.write("data/liqwid_withdrawals_djed.csv", &withdrawals);
        world
    }

    /// Adds a sample of wallet a.
    pub(crate) fn sample(&self, hour: i64, value: f64) {
        let at = self.hour(hour);
        match &self.greptime {
            Some(greptime) => {
                let ts = at.parse::<Timestamp>().unwrap().as_millisecond();
                let columns = ["ts", "wallet_address", "underlying_units", "usd_value", "price_usd"];
                greptime.insert_rows(POSITIONS, &columns, [(ts, A, value, value, 1.0)]).unwrap();
            }
            None => {
                let file = self.clone.path(&format!("data/{POSITIONS}.csv"));
                let rows = fs::read_to_string(&file).unwrap();
                fs::write(&file, format!("{rows}{at},{A},{value},{value},1\n")).unwrap();
            }
        }
    }

    /// The instant of an hour, as configurations and files have it.
    pub(crate) fn hour(&self, hour: i64) -> String {
        self.second(hour * 3600)
    }

    /// An instant in seconds after hour 0.
    pub(crate) fn second(&self, second: i64) -> String {
        Timestamp::from_second(self.start + second).unwrap().to_string()
    }

    /// Writes the configuration, with more settings of `orchestrator`.
    pub(crate) fn configure(&self, orchestrator: &str) {
        self.configure_client("", orchestrator);
    }

    /// Writes the configuration, with more settings of `client` and `orchestrator`.
    pub(crate) fn configure_client(&self, client: &str, orchestrator: &str) {
        let store = match &self.greptime {
            Some(greptime) => format!("greptime: {{host: \"{}\", retries: 1}}", greptime.url()),
            None => "embedded: {import: [data]}".to_owned(),
        };
        let telemetry = if orchestrator.contains("telemetry:") { "" } else { "  telemetry: {listen_port: 0}\n" };
        let gate = if orchestrator.contains("decision_gate:") { "" } else { "  decision_gate: {enabled: false}\n" };
        let yaml =
            format!("client:\n  {store}\n  assets: [djed]\n{client}orchestrator:\n{gate}{telemetry}{orchestrator}");
        self.clone.write("world.yaml", &yaml);
    }

    pub(crate) fn arguments<'a>(&self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["--config", "world.yaml"], arguments].concat()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.clone.run(&self.arguments(arguments))
    }

    pub(crate) fn serve(&self) -> Service {
        server::start(self.clone.command(&self.arguments(&["--log-level", "DEBUG"])))
    }

    /// The asset's decision, as `--once --json` prints it.
    pub(crate) fn decision(&self) -> Json {
        let run = self.run(&["--once", "--json"]);
        let decisions: Json = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
        decisions["djed"].clone()
    }

    /// The tables that the store has, sorted.
    pub(crate) fn tables(&self) -> Vec<String> {
        let mut tables: Vec<String> = match &self.greptime {
            Some(greptime) => greptime.rows("SHOW TABLES").unwrap().iter().map(|row| text(&row[0])).collect(),
            None => {
                let store = self.file();
                let mut names = store.prepare("select name from tables").unwrap();
                names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
            }
        };
        tables.sort();
        tables
    }

    /// The rows of a table of flows, oldest first.
    pub(crate) fn flows(&self, table: &str) -> Vec<Flow> {
        assert!(self.tables().iter().any(|known| known == table), "no table {table}");
        let Some(greptime) = &self.greptime else {
            let store = self.file();
            let sql = "select address, f.ts / 1000000000, amount, shown_memo, tx_hash from shown_flows f \
                       join wallets w on w.id = f.wallet_id join tables t on t.id = f.table_id where t.name = ?1 \
                       order by f.ts, address, tx_hash";
            let mut rows = store.prepare(sql).unwrap();
            let flow = |row: &rusqlite::Row<'_>| {
                let [wallet, memo, tx] = [0, 3, 4].map(|column| row.get_unwrap(column));
                Ok(Flow { hour: self.hours(row.get(1)?), wallet, amount: row.get(2)?, memo, tx })
            };
            return rows.query_map([table], flow).unwrap().collect::<Result<_, _>>().unwrap();
        };
        let columns = "wallet_address, ts, amount, memo, tx_hash";
        let rows =
            greptime.rows(&format!("SELECT {columns} FROM {table} ORDER BY ts, wallet_address, tx_hash")).unwrap();
        let flow = |row: &Vec<Json>| {
            let [wallet, memo, tx] = [0, 3, 4].map(|column| text(&row[column]));
            let hour = self.hours(row[1].as_i64().unwrap() / 1000);
            Flow { hour, wallet, amount: row[2].as_f64().unwrap(), memo, tx }
        };
        rows.iter().map(flow).collect()
    }

    fn hours(&self, second: i64) -> f64 {
        (second - self.start) as f64 / 3600.0
    }

    /// The embedded store's file.
    pub(crate) fn file(&self) -> rusqlite::Connection {
        let file = rusqlite::Connection::open(self.clone.path("var/orchestrator.db")).unwrap();
        file.busy_timeout(PATIENCE).unwrap();
        file
    }
}

fn text(cell: &Json) -> String {
    cell.as_str().unwrap_or_default().to_owned()
}

/// A stored deposit or withdrawal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Flow {
    pub(crate) hour: f64,
    pub(crate) wallet: String,
    pub(crate) amount: f64,
    pub(crate) memo: String,
    pub(crate) tx: String,
}

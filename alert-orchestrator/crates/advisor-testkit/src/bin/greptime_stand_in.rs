//! The GreptimeDB stand-in as a process of its own, for measurements that must not share one with it.
//!
//! Prints its address when it is ready and runs until it is killed.

use std::io::Write as _;
use std::path::PathBuf;

use advisor_testkit::greptime::Greptime;
use anyhow::Context as _;
use clap::Parser;

/// Serve the HTTP API of GreptimeDB from SQLite, for tests. This is a stand-in, not the server.
#[derive(Parser)]
#[command(after_help = "Example:\n  greptime-stand-in --port 4000 \\\n    --sql 'CREATE TABLE cpu (ts TIMESTAMP(3) \
                        TIME INDEX, host STRING, load DOUBLE, PRIMARY KEY (host))' \\\n    --csv cpu=cpu.csv")]
struct Args {
    /// Port of 127.0.0.1 to listen on; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Statements to run first, such as CREATE TABLE; may be repeated.
    #[arg(long, value_name = "SQL")]
    sql: Vec<String>,
    /// A CSV file with a header to load into an existing table; may be repeated.
    #[arg(long, value_name = "TABLE=FILE", value_parser = table_and_file)]
    csv: Vec<(String, PathBuf)>,
}

fn table_and_file(argument: &str) -> Result<(String, PathBuf), String> {
    let (table, file) = argument.split_once('=').ok_or("expected TABLE=FILE")?;
    Ok((table.to_owned(), file.into()))
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let greptime = Greptime::builder().port(args.port).start().context("starting the stand-in")?;
    for sql in &args.sql {
        greptime.execute(sql).with_context(|| format!("running {sql}"))?;
    }
    for (table, file) in &args.csv {
        greptime.load_csv(table, file).with_context(|| format!("loading table {table}"))?;
    }
    // Whoever started this process waits for the line, so it must not stay in a buffer.
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", greptime.url()).and_then(|()| stdout.flush()).context("printing the address")?;
    loop {
        std::thread::park();
    }
}

//! The `init` command: a configuration and empty CSV files to begin with one's own wallets.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{self, Path, PathBuf};

use advisor_core::{gate, outlook};
use anyhow::{Context as _, bail};
use platform::process::Ended;

use crate::cli::InitArgs;
use crate::config::{self, Client};
use crate::evaluate::AssetPlan;
use crate::plan;

/// The configuration, in the folder.
const CONFIG: &str = "orchestrator.yaml";
/// The folder of the CSV files, in the folder.
const DATA: &str = "data";

const POSITIONS: &str = "ts,wallet_address,underlying_units,usd_value,price_usd\n";
const FLOWS: &str = "ts,wallet_address,amount,memo,tx_hash\n";

/// Runs `init`.
///
/// # Errors
/// One of the files is there already, or cannot be written; then none is.
pub(crate) fn run(InitArgs { folder, assets, wallets }: InitArgs) -> anyhow::Result<Ended> {
    let folder = path::absolute(&folder).with_context(|| format!("finding the folder {}", folder.display()))?;
    let (assets, wallets) = (once_each(assets), once_each(wallets));
    let config = folder.join(CONFIG);
    let text = configuration(&folder, &assets, &wallets)?;
    let checked = config::load_text(&config, &text, None, &|_| None).context("checking what would be written")?;
    let mut files = data_files(&folder.join(DATA), &assets);
    // Last, so that a configuration has its files.
    files.push((config.clone(), text));
    write_all(&files)?;
    let plan = plan::of(&checked);
    let takes = plan
        .assets
        .first()
        .map(|AssetPlan { rules, .. }| outlook::in_addition(gate::outlook(&rules.gate, &[], 0), &rules.zone));
    let takes = takes.unwrap_or_default();
    say_what_next(&mut io::stdout().lock(), &files, &config, &wallets, &takes)?;
    Ok(Ended::Done)
}

fn once_each(names: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    names.into_iter().for_each(|name| {
        if !once.contains(&name) {
            once.push(name)
        }
    });
    once
}

/// The empty tables of the assets, by the names that an import knows them by.
fn data_files(data: &Path, assets: &[String]) -> Vec<(PathBuf, String)> {
    let Client { table_asset_prefix, deposits_prefix, withdrawals_prefix, .. } = Client::default();
    let tables = [(table_asset_prefix, POSITIONS), (deposits_prefix, FLOWS), (withdrawals_prefix, FLOWS)];
    let files = |asset: &String| {
        tables.each_ref().map(|(prefix, header)| (data.join(format!("{prefix}{asset}.csv")), (*header).to_owned()))
    };
    assets.iter().flat_map(files).collect()
}

/// Writes all of the files or none, and none that is there.
fn write_all(files: &[(PathBuf, String)]) -> anyhow::Result<()> {
    let there: Vec<String> = files
        .iter()
        .filter(|(path, _)| path.symlink_metadata().is_ok())
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !there.is_empty() {
        let are = if there.len() == 1 { "is" } else { "are" };
        bail!("nothing was written: {} {are} there already; name another folder", there.join(", "));
    }
    for (i, (path, text)) in files.iter().enumerate() {
        if let Err(error) = write(path, text) {
            for (written, _) in &files[..i] {
                // What cannot be removed is named by the next attempt.
                drop(fs::remove_file(written));
            }
            return Err(error).with_context(|| format!("writing {}; no file was left behind", path.display()));
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let written = File::create_new(path)?.write_all(text.as_bytes());
    written.inspect_err(|_| drop(fs::remove_file(path)))
}

/// The configuration: short, and with what is likely to be changed.
fn configuration(folder: &Path, assets: &[String], wallets: &[String]) -> anyhow::Result<String> {
    let store = path_in_yaml(&folder.join("var/orchestrator.db"))?;
    let data = path_in_yaml(&folder.join(DATA))?;
    let assets = assets.iter().map(|asset| in_yaml(asset)).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "\
# Which assets are evaluated, and how. `check` says whether this file and the data are right,
# `--print-config-normalized` shows every key there is, with what is in effect: alert-orchestrator --config FILE check

client:
  assets: [{assets}]

  # Whole paths, so that commands work from any folder. If you move this one, change both.
  embedded:
    path: {store}
    import: [{data}]    # CSV files named like tables; what changed is read before every evaluation

orchestrator:
  # Half of what was gained since the last tagged withdrawal may be taken out.
  safety_factor: {{c: 0.5}}

  # For page and charts, such as Europe/Berlin.
  timezone: UTC

  decision_gate:
    # Hours of history that the newest sample is judged by. They have to hold a dozen samples: 48 suits one an hour,
    # 720 one a day.
    lookback_hours: 48
    # Do not hold for less than 0.1 % of the position.
    min_residual_bps: 10
    # Hold while the price is more than 1 % off.
    peg: {{target_usd: 1.0, max_deviation_bps: 100}}

  # Deposits and withdrawals can be pulled from Liqwid by `sync`, in place of writing them down. It needs this address:
  # apis: {{liqwid_graphql: https://v2.api.liqwid.finance/graphql}}
"
    );
    if !wallets.is_empty() {
        text.push_str("  transaction_sync:\n    wallets:    # whom `sync` asks about\n");
        wallets.iter().try_for_each(|wallet| writeln!(text, "      - {}", in_yaml(wallet)))?;
    }
    Ok(text)
}

fn path_in_yaml(path: &Path) -> anyhow::Result<String> {
    Ok(in_yaml(path.to_str().with_context(|| format!("the path {} is not UTF-8", path.display()))?))
}

/// Any text as a string of YAML, in which `${` begins a variable. Always in quotes: `true` and `123` are names, too.
fn in_yaml(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.replace("${", "$${").chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // A line end to some readers, and nothing that may be there to others.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => push_escaped(&mut quoted, c),
            c if c.is_control() => push_escaped(&mut quoted, c),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn push_escaped(quoted: &mut String, c: char) {
    quoted.push_str(&format!("\\U{:08X}", u32::from(c)));
}

fn say_what_next(
    out: &mut impl io::Write,
    files: &[(PathBuf, String)],
    config: &Path,
    wallets: &[String],
    takes: &str,
) -> io::Result<()> {
    writeln!(out, "Written:")?;
    for (path, _) in files {
        writeln!(out, "  {}", legible::full_path(path))?;
    }
    if !wallets.is_empty() {
        let (s, is, them) = if wallets.len() == 1 { ("", "is", "it") } else { ("s", "are", "them") };
        writeln!(
            out,
            "The wallet{s} {is} in transaction_sync.wallets: `sync` asks Liqwid about {them}. \
             Lines of the CSV files name their own."
        )?;
    }
    let command = format!("alert-orchestrator --config {}", in_shell(config));
    writeln!(
        out,
        "
Next:
1. Have the positions written into the files of supply positions, a line for each wallet and time. This program does not
   collect them: a script of yours does, or you by hand{takes}.
2. Write what was put in and taken out since the first of these lines into the files of deposits and withdrawals. Where
   nothing was, leave them as they are.
3. See whether all is in place:
     {command} check
4. Evaluate once:
     {command} --once
5. Serve, at http://127.0.0.1:9808/dashboard:
     {command}"
    )
}

/// A path as one word of a shell.
fn in_shell(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if is_plain { text.into_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use proptest::prelude::*;

    use super::*;
    use crate::config::Store;

    #[track_caller]
    fn is_read_again(name: &str) {
        let folder = Path::new("/").join(name);
        let text = configuration(&folder, &["djed".to_owned()], &[]).unwrap();
        let config = config::load_text(Path::new("c.yaml"), &text, None, &|_| None);
        let config = config.unwrap_or_else(|faults| panic!("{name:?}: {faults}\n{text}"));
        let Store::Embedded(store) = config.client.store() else { panic!("the embedded store") };
        assert_eq!(store.path, folder.join("var/orchestrator.db"), "{name:?}");
        assert_eq!(store.import, [folder.join(DATA)], "{name:?}");
    }

    #[test]
    fn a_folder_may_have_any_name() {
        for name in [
            "a: b",
            "#1",
            "it's",
            "\"x\"",
            "a\\b",
            "${HOME}",
            "$${X}",
            "a\nb",
            "\u{7f}\u{85}\u{2028}\u{feff}",
            "ä 🙂",
            "%",
            "-",
        ] {
            is_read_again(name);
        }
    }

    proptest! {
        #[test]
        fn every_name_is_read_again_as_it_was(name in any::<String>()) {
            is_read_again(name.trim_start_matches('/'));
        }
    }
}

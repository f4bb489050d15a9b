//! What the help of each command lists, and what is taken.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use clap::CommandFactory as _;

use super::*;

/// The flags that all commands have in common; which of them a command lists.
const COMMON: [&str; 4] = ["config", "log_level", "log_format", "test_prefix"];

/// The command by itself, as it is when its line is read.
fn command(name: &str) -> clap::Command {
    let mut cli = Cli::command();
    cli.build();
    cli.find_subcommand(name).unwrap_or_else(|| panic!("no command {name}")).clone()
}

#[test]
fn the_help_of_a_command_lists_the_common_flags_that_mean_something_to_it() {
    let (all, reading, none) = (&COMMON[..], &COMMON[..3], &[][..]);
    let expected = [
        ("init", none),
        ("import", all),
        ("files", reading),
        ("forget", all),
        ("explain", all), // with GreptimeDB it pulls transactions first, where that is configured
        ("sync", all),
        ("tag", all),
        ("backup", reading),
        ("restore", reading),
        ("hash-password", none),
        ("health", none),
        ("check", reading),
        ("schema", none),
        ("completions", none),
    ];
    let names: Vec<String> = Cli::command().get_subcommands().map(|of| of.get_name().to_owned()).collect();
    assert_eq!(names, expected.map(|(name, _)| name), "a new command has its flags here");
    for (name, expected) in expected {
        let command = command(name);
        let is_listed = |id: &&str| command.get_arguments().any(|arg| arg.get_id() == *id && !arg.is_hide_set());
        let listed: Vec<&str> = COMMON.into_iter().filter(is_listed).collect();
        assert_eq!(listed, expected, "{name}");
        let help = command.clone().render_long_help().to_string();
        // Its examples may have flags of other commands.
        let lists = |flag: &str| help.lines().any(|line| line.trim_start().starts_with(flag));
        for id in COMMON {
            assert_eq!(lists(&format!("--{}", id.replace('_', "-"))), expected.contains(&id), "{name}: {help}");
        }
        for flag in ["--once", "--no-telemetry", "--print-config-normalized"] {
            assert!(!lists(flag), "{name}: {help}");
        }
    }
}

/// What stands after each command that needs something.
fn operands(name: &str) -> &'static [&'static str] {
    match name {
        "import" | "forget" | "restore" => &["file"],
        "init" => &["folder", "--asset", "usdc"],
        "explain" => &["usdc"],
        "tag" => &["--asset", "usdc", "--latest"],
        "completions" => &["bash"],
        _ => &[],
    }
}

#[test]
fn the_common_flags_are_taken_before_and_after_every_command() {
    let flags = ["--config", "my.yaml", "--log-level", "error", "--log-format", "json", "--test-prefix"];
    for of in Cli::command().get_subcommands() {
        let line = [&[of.get_name()][..], operands(of.get_name())].concat();
        for line in [[&flags[..], &line].concat(), [&line[..], &flags].concat()] {
            let words = ["alert-orchestrator"].into_iter().chain(line.iter().copied());
            let read = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{line:?}: {error}"));
            assert_eq!(read.common.flags.config, PathBuf::from("my.yaml"), "{line:?}");
            assert!(read.common.test_prefix, "{line:?}");
        }
        let words = ["alert-orchestrator"].into_iter().chain(line.iter().copied());
        assert_eq!(Cli::try_parse_from(words).unwrap().common.flags.config, PathBuf::from(CONFIG), "{line:?}");
    }
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    for line in [
        &["explain", "usdc", "--all", "--json"][..],
        &["explain", "usdc", "--all", "--wallet", "addr1"],
        &["explain", "usdc", "--once"],
        &["tag", "--asset", "usdc", "--latest", "--tx", "5f3a"],
    ] {
        let words = ["alert-orchestrator"].into_iter().chain(line.iter().copied());
        assert_eq!(Cli::try_parse_from(words).map(|_| ()).unwrap_err().exit_code(), 2, "{line:?}");
    }
}

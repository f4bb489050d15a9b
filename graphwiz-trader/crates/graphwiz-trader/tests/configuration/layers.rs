//! What lies over a configuration file: environments, profiles, and what is set on the command line.

use graphwiz_trader::config::profile;
use serde_json::{Value, json};

use super::load;

#[test]
fn an_environment_then_a_profile_then_what_is_set_lie_over_the_file() {
    let text = "risk: {max_trades_per_day: 1, max_open_positions: 1, cooldown_bars: 1, max_position_size: 1}\n\
                environments:\n  night: {risk: {max_open_positions: 2, max_position_size: 2, cooldown_bars: 2}}\n";
    let config = load(text, Some("conservative"), &["risk.max_position_size=3"]).expect("a configuration");
    let risk = config.risk;
    let found = (risk.max_trades_per_day, risk.max_open_positions, risk.cooldown_bars, risk.max_position_size.0);
    assert_eq!(found, (5, 5, 2, 3.into()));
}

#[test]
fn what_is_wrong_with_an_environment_is_told_before_it_is_chosen() {
    let text = "risk: {cooldown_bars: 1}\nenvironments:\n  night: {risk: {cooldown_bars: 2}}\n  \
                production: {trading: {max_drawdwn: 0.1, max_drawdown: 0.04}}\n  empty:\n  wrong: 5\n";
    let faults = load(text, None, &[]).expect_err("faults");
    let expected = [
        "c.yaml:4: trading.max_daily_loss: found 0.05, expected less than trading.max_drawdown, which is 0.04 \
         (in environment production)",
        "c.yaml:4: trading.max_drawdwn: unknown key \"max_drawdwn\", did you mean \"max_drawdown\"? \
         (in environment production)",
        "c.yaml:6: environments.wrong: found 5, expected a mapping, as a part of this file (in environment wrong)",
    ];
    assert_eq!(faults, expected.join("\n"));
    // What is wrong with the file alone is said once, and rule files of other places are not looked for.
    let other = "environments:\n  night: {}\n  far: {strategies: [{kind: rules, file: far.yaml}]}\n";
    load(other, None, &[]).expect("a configuration");
    let faults = load(&format!("risk: {{cooldown: 1}}\n{other}"), None, &[]).expect_err("faults");
    assert_eq!(faults.lines().count(), 1, "{faults}");
}

#[test]
fn what_the_chosen_environment_heals_is_told_of_the_others() {
    let text = "risk:\n  sizing: {method: fixed_notional}\nenvironments:\n  \
                night: {risk: {sizing: {fixed_notional: 100}}}\n  staging: {}\n";
    let faults = load(text, None, &[]).expect_err("faults");
    assert!(faults.contains("risk.sizing") && faults.ends_with("(in environment staging)"), "{faults}");
    assert_eq!(faults.lines().count(), 1, "{faults}");
    load(text, None, &["risk.sizing.fixed_notional=100"]).expect("a configuration");
}

#[test]
fn profile_and_settings_lie_over_the_other_environments_too() {
    let text = "environments:\n  night: {}\n  production: {trading: {max_drawdown: 0.04}}\n";
    let faults = load(text, None, &[]).expect_err("faults");
    assert!(faults.contains("(in environment production)"), "{faults}");
    load(text, Some("conservative"), &[]).expect("a configuration");
    load(text, None, &["trading.max_drawdown=0.1"]).expect("a configuration");
    let faults = load(text, Some("conservative"), &["risk.cooldown=1"]).expect_err("faults");
    assert_eq!(faults.lines().count(), 1, "said once\n{faults}");
}

#[test]
fn variables_of_an_environment_are_needed_where_it_is_chosen() {
    let of = |name: &str, value: &str| {
        format!("environments:\n  night: {{}}\n  {name}: {{backtesting: {{reports: {{dir: \"{value}\"}}}}}}\n")
    };
    load(&of("nightly", "${UNSET}"), None, &[]).expect("a configuration");
    let faults = load(&of("nightly", "${UNSET"), None, &[]).expect_err("faults");
    assert!(faults.contains("found ${ without a closing }"), "{faults}");
    let chosen = of("x", "").replace("night: {}", "night: {backtesting: {reports: {dir: \"${UNSET}\"}}}");
    let faults = load(&chosen, None, &[]).expect_err("faults");
    assert!(faults.contains("the environment variable UNSET is not set"), "{faults}");
}

#[test]
fn the_profiles_are_those_of_the_table() {
    let loaded = |name: &str| {
        let config = load("", Some(name), &[]).unwrap_or_else(|faults| panic!("{faults}"));
        assert!(config.answers.contains(&"trading.mode: this version does not do it".to_owned()), "{name} is of paper");
        serde_json::to_value(config).expect("JSON")
    };
    let names: Vec<_> = profile::SHIPPED.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["conservative", "paper", "swing", "scalping", "aggressive", "germany_live"]);
    // Largest position, risk per trade, daily loss, drawdown, open positions, trades a day; stop, target, trail.
    for (name, of_risk, exits) in [
        ("conservative", [2000.0, 0.01, 0.03, 0.08, 5.0, 5.0], Some([0.03, 0.09, 0.04])),
        ("paper", [5000.0, 0.01, 0.05, 0.10, 10.0, 20.0], Some([0.02, 0.06, 0.03])),
        ("swing", [5000.0, 0.02, 0.08, 0.15, 8.0, 100.0], None),
        ("scalping", [500.0, 0.005, 0.02, 0.15, 5.0, 100.0], Some([0.005, 0.01, 0.01])),
        ("aggressive", [10000.0, 0.03, 0.15, 0.25, 15.0, 100.0], None),
        ("germany_live", [500.0, 0.01, 0.03, 0.10, 10.0, 3.0], Some([0.02, 0.04, 0.01])),
    ] {
        let config = loaded(name);
        let (risk, trading) = (&config["risk"], &config["trading"]);
        let found = [
            &risk["max_position_size"],
            &risk["sizing"]["risk_per_trade"],
            &trading["max_daily_loss"],
            &trading["max_drawdown"],
            &risk["max_open_positions"],
            &risk["max_trades_per_day"],
        ];
        assert_eq!(found.map(Value::as_f64), of_risk.map(Some), "{name}");
        let ([stop, target, trail], targets) = match exits {
            Some(exits) => (exits, 0),
            None => ([0.02, 0.05, 0.01], 2), // the defaults
        };
        let stop_loss = &risk["stop_loss"];
        let found =
            [&stop_loss["default_percent"], &risk["take_profit"]["default_percent"], &stop_loss["trailing_percent"]];
        assert_eq!(found.map(Value::as_f64), [stop, target, trail].map(Some), "{name}");
        assert_eq!(risk["take_profit"]["partial_targets"].as_array().map(Vec::len), Some(targets), "{name}");
    }
    assert_eq!(loaded("scalping")["trading"]["commission_rate"], json!(0.0004));
}

#[test]
fn in_germany_every_strategy_trades_for_euro() {
    let config =
        load("strategies: [{name: a}, {name: b, instruments: ['bitstamp:ETH/USD']}]", Some("germany_live"), &[]);
    let config = config.expect("a configuration");
    let traded: Vec<_> = config.strategies.iter().map(|strategy| strategy.instruments[0].to_string()).collect();
    assert_eq!(traded, ["kraken:BTC/EUR", "kraken:BTC/EUR"]);
    assert_eq!(config.trading.account_currency.as_deref(), Some("EUR"));
    assert_eq!(config.risk.cooldown_bars, 1);
    for later in ["exchanges", "risk.max_spread", "trading.emergency_shutdown.triggers[3].seconds"] {
        assert!(config.answers.contains(&format!("{later}: this version does not do it")), "{:?}", config.answers);
    }
}

//! Which evaluations are worth a look?
//!
//! Each function here tells one, from [`withdraw`] to [`error`], for tests and benches of what is drawn and said of it.
//! [`holds`] has one for each reason to hold.

pub mod holds;

use advisor_core::advice::{Advice, Snapshot, advise};
use advisor_core::coverage::Coverage;
use advisor_core::decision::Failure;
use advisor_core::drawing::{Drawing, DrawingOptions, Smoothing, draw};
use advisor_core::flow::FlowRow;
use advisor_core::position::{PositionRow, PositionsBuilder};
use advisor_core::reference::Reference;
use advisor_core::rules::{Baseline, Basis, ReferenceFallback, Rules, Threshold};
use advisor_core::test_support::{self, EPOCH, KEYWORD};
use advisor_core::time::{self, NANOS_PER_HOUR};

/// An asset's samples and flows, in hours and USD.
pub struct Story {
    asset: &'static str,
    hours: i64,
    minutes_between_samples: i64,
    wallets: Vec<Wallet>,
    price: fn(f64) -> f64,
    /// What becomes of the n-th sample of a wallet before it is stored.
    stored: fn(i64, &mut PositionRow<'_>),
    /// What else is known, or is not.
    known: fn(&mut Snapshot),
    /// How long after the newest sample it is evaluated, hours.
    waited_hours: f64,
    /// By which rules it is judged.
    pub rules: Rules,
    /// How it is drawn.
    pub options: DrawingOptions,
}

struct Wallet {
    units: f64,
    /// Share by which the position wavers.
    noise: f64,
    /// (hour, units, tagged): what was paid in, or taken out if negative.
    flows: Vec<(f64, f64, bool)>,
    /// What the newest sample is off by, units.
    last_step: f64,
}

impl Wallet {
    fn of(units: f64) -> Self {
        Self { units, noise: 2e-4, flows: Vec::new(), last_step: 0.0 }
    }

    fn moves(mut self, hour: f64, units: f64) -> Self {
        self.flows.push((hour, units, false));
        self
    }

    fn tagged(mut self, hour: f64, units: f64) -> Self {
        self.flows.push((hour, -units, true));
        self
    }
}

/// A number in −1..1 that looks random and is the same on every run.
fn noise(a: i64, b: i64) -> f64 {
    let mixed = (a.wrapping_mul(7_919) + b).wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(29);
    let mixed = mixed.wrapping_mul(0x2545_f491_4f6c_dd1d);
    (mixed.unsigned_abs() >> 11) as f64 / (1_u64 << 52) as f64 * 2.0 - 1.0
}

/// The documented defaults, with a gate that looks back over a month.
fn rules() -> Rules {
    let mut rules = test_support::rules();
    rules.gate.lookback_hours = 720.0;
    rules
}

fn options() -> DrawingOptions {
    DrawingOptions {
        lookback_hours: None,
        smoothing: Smoothing::Polynomial { window_hours: 24.0, order: 2 },
        is_dated: false,
        sigma_band: true,
        k_sigma_band: true,
        samples_per_bin: 10,
    }
}

impl Story {
    fn new(asset: &'static str, hours: i64, wallets: Vec<Wallet>) -> Self {
        let price = |hour: f64| 1.0 + 8e-4 * (hour / 37.0).sin();
        Self {
            asset,
            hours,
            minutes_between_samples: 60,
            wallets,
            price,
            stored: |_, _| {},
            known: |_| {},
            waited_hours: 1.0 / 12.0,
            rules: rules(),
            options: options(),
        }
    }

    fn snapshot(&self) -> Snapshot {
        let mut builder = PositionsBuilder::new();
        let (mut deposits, mut withdrawals) = (Vec::new(), Vec::new());
        for (j, wallet) in (0..).zip(&self.wallets) {
            let address = format!("addr1q{j:097}");
            let end = self.hours * 60 / self.minutes_between_samples;
            for i in 0..=end {
                let hour = (i * self.minutes_between_samples) as f64 / 60.0 + 0.01 * j as f64;
                let moved: f64 = wallet.flows.iter().filter(|(at, ..)| *at <= hour).map(|(_, units, _)| units).sum();
                let grown = wallet.units * (1.0 + 0.06 * hour / 8760.0) + moved;
                let last = if i == end { wallet.last_step } else { 0.0 };
                let units = grown * (1.0 + wallet.noise * noise(j, i)) + last;
                let price = (self.price)(hour);
                let mut row = PositionRow {
                    ts: Some(EPOCH + time::hours(hour)),
                    wallet: Some(&address),
                    underlying_units: Some(units),
                    usd_value: Some(units * price),
                    price_usd: Some(price),
                };
                (self.stored)(i, &mut row);
                builder.push(&row);
            }
            for (n, (hour, units, tagged)) in wallet.flows.iter().enumerate() {
                let row = FlowRow {
                    ts: Some(EPOCH + time::hours(*hour)),
                    wallet: Some(address.as_str().into()),
                    amount: Some(units.abs()),
                    memo: tagged.then(|| KEYWORD.to_owned()),
                    tx_hash: Some(format!("{j:08x}{n:056x}")),
                };
                if *units > 0.0 { deposits.push(row) } else { withdrawals.push(row) }
            }
        }
        let reference = Reference::find(&withdrawals, &self.rules, self.end());
        let mut snapshot = Snapshot {
            asset: self.asset.to_owned(),
            deposits_table: format!("liqwid_deposits_{}", self.asset),
            withdrawals_table: Some(format!("liqwid_withdrawals_{}", self.asset)),
            positions: builder.finish().cut_after(self.end()),
            deposits,
            withdrawals,
            reference,
            loaded_from: None,
            prices: Vec::new(),
            failed_prices: Vec::new(),
            now: self.end(),
            mismatches_before: 0,
            coverage: Coverage::default(),
        };
        (self.known)(&mut snapshot);
        snapshot
    }

    /// When it is evaluated.
    fn end(&self) -> i64 {
        EPOCH + self.hours * NANOS_PER_HOUR + time::hours(self.waited_hours)
    }

    /// The advice that the rules give.
    pub fn advice(&self) -> Advice {
        advise(&self.rules, &self.snapshot(), self.end())
    }

    /// What is drawn of it.
    pub fn drawing(&self) -> Drawing {
        let snapshot = self.snapshot();
        let advice = advise(&self.rules, &snapshot, self.end());
        draw(&self.rules, &self.options, &snapshot, &advice)
    }
}

/// Three wallets over a month, with deposits and withdrawals, that may be withdrawn from.
pub fn withdraw() -> Story {
    let wallets = vec![
        Wallet::of(12_000.0).tagged(40.3, 350.0).moves(260.4, 900.0),
        Wallet::of(8_300.0).moves(420.7, -1_250.0),
        Wallet::of(2_450.0).moves(505.2, 600.0),
    ];
    Story::new("djed", 720, wallets)
}

/// Twelve wallets of which the later ones have gained more.
pub fn twelve_wallets() -> Story {
    let mut wallets: Vec<Wallet> = (1..=12).map(|j| Wallet::of(1_000.0 * f64::from(j))).collect();
    wallets[0] = Wallet::of(1_000.0).tagged(40.3, 100.0);
    Story::new("djed", 720, wallets)
}

/// A quarter of a year, in which Europe puts its clocks forward: on 29 March at 01:00 UTC, which is hour 2089.
pub fn across_a_change_of_clocks() -> Story {
    let wallet = Wallet::of(12_000.0).tagged(1_500.5, 350.0).moves(2_088.5, -100.0).moves(2_089.5, 200.0);
    let mut story = Story::new("djed", 2_160, vec![wallet]);
    story.minutes_between_samples = 360;
    story
}

/// The newest sample falls by far more than any before it.
pub fn held_by_the_gate() -> Story {
    let mut wallet = Wallet::of(15_000.0).tagged(100.0, 500.0);
    wallet.last_step = -42.0;
    Story::new("iusd", 720, vec![wallet, Wallet::of(4_000.0)])
}

/// No tagged withdrawal, a floor far above k·σ, and quantiles instead of k·σ.
pub fn fallback() -> Story {
    let mut story = Story::new("usdm", 720, vec![Wallet::of(6_000.0).moves(300.0, 2_000.0)]);
    story.rules.gate.threshold = Threshold::Percentile { central_confidence: 0.9 };
    story.rules.gate.min_residual_bps = 3.0;
    story.options.smoothing = Smoothing::Gaussian { window_hours: 48.0 };
    story
}

/// So many daily samples of one wallet.
pub fn daily(samples: i64) -> Story {
    let mut story = Story::new("wanusdc", 24 * (samples - 1), vec![Wallet::of(1_000.0)]);
    story.minutes_between_samples = 1440;
    story
}

/// Sixty days of hourly samples.
pub fn sixty_days() -> Story {
    let flows = (0..40).fold(Wallet::of(50_000.0), |wallet, i| {
        wallet.moves(f64::from(i) * 35.0 + 11.5, if i % 3 == 0 { -1_500.0 } else { 800.0 })
    });
    let mut story = Story::new("djed", 1440, vec![flows, Wallet::of(20_000.0)]);
    story.rules.gate.lookback_hours = 1440.0;
    story.options.smoothing = Smoothing::Boxcar { window_hours: 24.0 };
    story
}

/// Sixty days of a sample every five minutes, as long as what the page gets may be.
pub fn five_thousand_points() -> Story {
    Story { minutes_between_samples: 5, ..sixty_days() }
}

/// A gate that judges prices which differ in the fourth decimal.
pub fn steady_prices() -> Story {
    let mut story = Story::new("usdx", 96, vec![Wallet::of(1_000.0)]);
    story.price = |hour| 1.0 + (hour * 7.3).sin() * 1e-4;
    story.rules.gate.basis = Basis::ChangeRateUsd;
    story
}

/// A position of trillions.
pub fn huge() -> Story {
    Story::new("djed", 720, vec![Wallet::of(7.3e14)])
}

/// A position of less than a cent.
pub fn tiny() -> Story {
    Story::new("djed", 20, vec![Wallet::of(3e-5)])
}

/// Values that never change: no residual differs from any other.
pub fn flat() -> Story {
    let mut story = Story::new("djed", 48, vec![Wallet::of(100.0)]);
    story.wallets[0].noise = 0.0;
    story.price = |_| 1.0;
    story.rules.gate.baseline = Baseline::Median;
    story
}

/// No tagged withdrawal, and no fallback.
pub fn no_reference() -> Story {
    let mut story = Story::new("djed", 240, vec![Wallet::of(9_000.0).moves(100.0, 500.0)]);
    story.rules.reference_fallback = ReferenceFallback::Hold;
    story
}

/// A store that did not answer.
pub fn error() -> Drawing {
    let cause = "missing column usd_value; ".repeat(12);
    let as_of = time::timestamp(EPOCH);
    let advice = Advice::failed("djed", as_of, &rules(), Failure::InvalidData(cause));
    Drawing::empty(&rules(), &options(), &advice)
}

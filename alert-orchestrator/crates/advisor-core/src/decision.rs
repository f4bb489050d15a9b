//! The answer for an asset, as a type: each way to hold or to fail with its figures, its code and its sentence.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::gate::{Outlier, Scattered};
use crate::growth::RiseFigures;
use crate::outlook::{self, Outlook};
use crate::price_check::PriceSource;
use crate::refused::{self, RefusedFile};
use crate::rules::Basis;
use crate::store::StoreError;
use crate::time;

/// What the operator may do.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Withdraw up to the limit.
    Withdraw {
        /// USD, rounded down to the cent, at least 0.01.
        limit_usd: f64,
    },
    /// Withdraw nothing.
    Hold(Hold),
    /// Nothing can be said.
    Error(Failure),
}

impl Decision {
    /// 1, 0 or −1.
    #[must_use]
    pub fn code(&self) -> i8 {
        match self {
            Self::Withdraw { .. } => 1,
            Self::Hold(_) => 0,
            Self::Error(_) => -1,
        }
    }

    /// Whether nothing can be said.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// The limit; 0 unless the decision is to withdraw.
    #[must_use]
    pub fn limit_usd(&self) -> f64 {
        match self {
            Self::Withdraw { limit_usd } => *limit_usd,
            Self::Hold(_) | Self::Error(_) => 0.0,
        }
    }

    /// Code and sentence of a hold or an error.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Withdraw { .. } => None,
            Self::Hold(hold) => Some(Reason::new(hold.reason.code(), hold)),
            Self::Error(failure) => Some(Reason::new(failure.code(), failure)),
        }
    }
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Decision", 3)?;
        fields.serialize_field("decision", &self.code())?;
        fields.serialize_field("wmax_usd", &self.limit_usd())?;
        fields.serialize_field("reason", &self.reason())?;
        fields.end()
    }
}

/// Why an asset is held or in error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable, for machines.
    pub code: &'static str,
    /// For people: one line, whatever it names.
    pub message: String,
}

impl Reason {
    fn new(code: &'static str, message: &impl fmt::Display) -> Self {
        Self { code, message: legible::line(&message.to_string()) }
    }
}

/// A hold: the first reason that applies, and the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// The reason whose code stands for the hold.
    pub reason: HoldReason,
    /// What would hold without it.
    pub also: Vec<HoldReason>,
    /// Files of which nothing could be used, where what they would have brought may be what is missing.
    pub refused: Vec<RefusedFile>,
    /// The zone in which its sentence names times.
    pub zone: TimeZone,
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.write(f, &self.zone)?;
        self.also.iter().try_for_each(|reason| {
            f.write_str("; ")?;
            reason.write(f, &self.zone)
        })?;
        f.write_str(&refused::in_addition(&self.refused))
    }
}

/// A reason to withdraw nothing, in the order in which one stands for all.
#[derive(Debug, Clone, PartialEq)]
pub enum HoldReason {
    /// The newest sample lies after the machine's time: one of the two clocks is wrong, and with it everything that was
    /// judged.
    ClockDoubt {
        /// How far it may lie after it, minutes.
        max_skew_minutes: f64,
        /// Time of the newest sample.
        newest: Timestamp,
        /// The machine's time.
        now: Timestamp,
    },
    /// No withdrawal is tagged, and nothing else marks a start.
    NoReference {
        /// What a memo would have to contain.
        keyword: String,
    },
    /// Nothing to compute a gain from.
    NoData {
        /// Which data are missing, and since when.
        detail: String,
    },
    /// Every wallet's newest sample is too old.
    StaleData {
        /// Age of the youngest of them at the evaluation time, hours.
        age_hours: f64,
    },
    /// The tables may lack flows that count.
    FlowsIncomplete(FlowsIncomplete),
    /// A wallet has more than interest and the known flows explain.
    UnexplainedGrowth(UnexplainedGrowth),
    /// A price is too far from the peg.
    OffPeg {
        /// USD per unit.
        price_usd: f64,
        /// Basis points of the target.
        deviation_bps: f64,
        /// USD per unit.
        target_usd: f64,
        /// Whose price it is.
        source: PriceSource,
    },
    /// The gate cannot judge so few points.
    InsufficientPoints {
        /// Points there are.
        points: usize,
        /// Points that would do.
        needed: usize,
        /// When there will be.
        outlook: Option<Outlook>,
    },
    /// The gate cannot judge by residuals that are so scattered.
    CannotJudge {
        /// What the residuals are of.
        basis: Basis,
        /// σ of the residuals, in the unit of the basis.
        sigma: f64,
        /// The gate multiplier k.
        k_sigma: f64,
        /// What k·σ is too large a share of, and the sample to look at.
        scattered: Scattered,
    },
    /// The gate found the newest point abnormal.
    GateTriggered {
        /// r(t1) in the unit of the basis.
        residual: f64,
        /// "USD" or "USD/unit".
        unit: &'static str,
        /// |r(t1)| in standard deviations, where σ is not 0.
        sigmas: Option<f64>,
    },
    /// The sources of the asset's price disagree, and have done so for long enough.
    PriceMismatch {
        /// The prices, how far they are apart, and how far they may be.
        detail: String,
    },
    /// There is nothing to withdraw.
    NoGain {
        /// Where there would be, had nothing been withdrawn without a mark.
        taken: Option<Taken>,
    },
}

impl HoldReason {
    /// Whether it may hold for want of samples.
    pub(crate) fn wants_samples(&self) -> bool {
        matches!(self, Self::NoData { .. } | Self::StaleData { .. } | Self::InsufficientPoints { .. })
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ClockDoubt { .. } => "clock_doubt",
            Self::NoReference { .. } => "no_reference",
            Self::NoData { .. } => "no_data",
            Self::StaleData { .. } => "stale_data",
            Self::FlowsIncomplete(_) => "flows_incomplete",
            Self::UnexplainedGrowth(_) => "unexplained_growth",
            Self::OffPeg { .. } => "off_peg",
            Self::InsufficientPoints { .. } | Self::CannotJudge { .. } => "insufficient_points",
            Self::GateTriggered { .. } => "gate_triggered",
            Self::PriceMismatch { .. } => "price_mismatch",
            Self::NoGain { .. } => "no_gain",
        }
    }

    /// Writes the sentence, with its times in `zone`.
    fn write(&self, f: &mut fmt::Formatter<'_>, zone: &TimeZone) -> fmt::Result {
        match self {
            Self::ClockDoubt { max_skew_minutes, newest, now } => {
                let ahead = time::hours_between(time::nanos(*now), time::nanos(*newest));
                let [newest, now] = [newest, now].map(|at| time::shown(*at, zone));
                write!(
                    f,
                    "samples newer than now (by more than {max_skew_minutes} min): clock or time zone? The newest is \
                     of {newest}, {ahead:.1} h after this machine's time {now}; where samples are stamped with the end of \
                     their hour or day, raise client.max_clock_skew_minutes"
                )
            }
            Self::NoReference { keyword } => {
                write!(f, "no reference: no withdrawal's memo contains {keyword:?}, and no fallback is configured")
            }
            Self::NoData { detail } => write!(f, "No position data available {detail}"),
            Self::StaleData { age_hours } => write!(f, "stale data (newest sample {age_hours:.1} h old)"),
            Self::FlowsIncomplete(FlowsIncomplete::NotPulled(not_pulled)) => not_pulled.write(f, zone),
            Self::FlowsIncomplete(FlowsIncomplete::UnknownWallet(unknown)) => unknown.write(f, zone),
            Self::UnexplainedGrowth(growth) => growth.write(f, zone),
            Self::OffPeg { price_usd, deviation_bps, target_usd, source } => {
                let source = source.in_words();
                write!(f, "off peg ({price_usd:.4} USD, {deviation_bps:.0} bps from {target_usd:?}, {source})")
            }
            Self::InsufficientPoints { points, needed, outlook } => {
                let outlook = outlook::in_addition(*outlook, zone);
                write!(f, "insufficient points for residual gate ({points} < {needed}){outlook}")
            }
            Self::CannotJudge { basis, sigma, k_sigma, scattered: Scattered { largest, max_band_bps, furthest } } => {
                let of = match basis {
                    Basis::CorrectedPosition => "position",
                    Basis::ChangeRateUsd => "price",
                };
                let at = time::shown(furthest.at, zone);
                write!(f, "cannot judge: σ is {} of the {of}; look at {at}, ", percent(sigma / largest))?;
                write_beside(f, *furthest)?;
                let [band, most] = [k_sigma * sigma / largest, max_band_bps / 1e4].map(percent);
                write!(f, "; k·σ is {band}, and max_band_bps lets {most} pass")
            }
            Self::GateTriggered { residual, unit, sigmas } => {
                write!(f, "residual gate triggered (residual {} {unit}", significant(*residual))?;
                sigmas.map_or(Ok(()), |sigmas| write!(f, ", {sigmas:.1} σ"))?;
                f.write_str(")")
            }
            Self::PriceMismatch { detail } => write!(f, "price mismatch ({detail})"),
            Self::NoGain { taken } => {
                f.write_str("non-positive gains since t0 (clamped)")?;
                taken.map_or(Ok(()), |Taken { gain_usd, untagged_usd }| {
                    write!(f, "; gained {gain_usd:.2}, withdrawn {untagged_usd:.2} without a tag")
                })
            }
        }
    }
}

/// A share in percent, with as many digits as tell.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 10.0 { format!("{percent:.0} %") } else { format!("{percent:.2} %") }
}

/// A sample beside its neighbours: their ratio, where there is one.
fn write_beside(f: &mut fmt::Formatter<'_>, Outlier { value, neighbours, .. }: Outlier) -> fmt::Result {
    if value >= 0.0 && neighbours > 0.0 {
        let ratio = value / neighbours;
        let digits = if ratio >= 2.0 { 1 } else { 3 };
        write!(f, "{ratio:.digits$} × its neighbours")
    } else {
        write!(f, "{} USD beside {} USD", significant(value), significant(neighbours))
    }
}

/// A gain that may be out already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    /// G of the wallets that it concerns, USD.
    pub gain_usd: f64,
    /// U of the same, USD.
    pub untagged_usd: f64,
}

/// Why flows that count may be missing.
#[derive(Debug, Clone, PartialEq)]
pub enum FlowsIncomplete {
    /// The pulls of a wallet's transactions did not reach its newest sample.
    NotPulled(NotPulled),
    /// A deposit is of a wallet that has no samples: it may be another wallet's.
    UnknownWallet(UnknownWallet),
}

/// A deposit of a wallet that has no samples.
#[derive(Debug, Clone, PartialEq)]
pub struct UnknownWallet {
    /// The wallet, as the row has it.
    pub wallet: String,
    /// When it was.
    pub at: Timestamp,
    /// Amount, in units of the asset or in USD.
    pub amount: f64,
    /// How many other deposits are like it.
    pub others: usize,
}

/// A wallet whose transactions are not known as far as its samples go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPulled {
    /// The wallet.
    pub wallet: Arc<str>,
    /// Up to when they are known; its baseline where nothing later is.
    pub known_to: Timestamp,
    /// Why no further.
    pub cause: String,
    /// How many other wallets of the asset are like it.
    pub others: usize,
}

impl NotPulled {
    fn write(&self, f: &mut fmt::Formatter<'_>, zone: &TimeZone) -> fmt::Result {
        let Self { wallet, known_to, cause, others } = self;
        let known_to = time::shown(*known_to, zone);
        write!(f, "transactions of {wallet} are known only up to {known_to}: {cause}")?;
        match others {
            0 => Ok(()),
            1 => f.write_str("; 1 more wallet is like it"),
            others => write!(f, "; {others} more wallets are like it"),
        }
    }
}

impl UnknownWallet {
    fn write(&self, f: &mut fmt::Formatter<'_>, zone: &TimeZone) -> fmt::Result {
        let Self { wallet, at, amount, others } = self;
        let at = time::shown(*at, zone);
        write!(
            f,
            "a deposit of {amount} at {at} is of wallet {wallet}, which has no samples since the reference: \
             correct the address, or collect the wallet's samples"
        )?;
        match others {
            0 => Ok(()),
            1 => f.write_str("; 1 more such deposit"),
            others => write!(f, "; {others} more such deposits"),
        }
    }
}

/// Growth that may be a deposit which the tables do not know.
#[derive(Debug, Clone, PartialEq)]
pub struct UnexplainedGrowth {
    /// The wallet that grew.
    pub wallet: Arc<str>,
    /// How; `None` where it cannot be judged.
    pub rise: Option<RiseFigures>,
    /// How many other rises there are, of this wallet and others.
    pub others: usize,
    /// Whether no withdrawal is tagged, so that all history is judged.
    pub in_fallback: bool,
}

impl UnexplainedGrowth {
    fn write(&self, f: &mut fmt::Formatter<'_>, zone: &TimeZone) -> fmt::Result {
        let Self { wallet, rise, others, in_fallback } = self;
        let Some(RiseFigures { before_at, at, units, limit_units, amount, .. }) = rise else {
            return write!(f, "unexplained growth: cannot judge: neither units nor a price of wallet {wallet}");
        };
        let [units, limit, amount] = [units, limit_units, amount].map(|number| significant(*number));
        let [before_at, at] = [before_at, at].map(|at| time::shown(*at, zone));
        write!(
            f,
            "unexplained growth: wallet {wallet} has {units} units more at {at} than before, and interest explains \
             {limit} at most: if it was paid in, add a deposit of {amount} between {before_at} and {at}; if it is \
             interest, raise max_supply_apy"
        )?;
        if *in_fallback {
            f.write_str(
                "; if it is from before you began to keep records, set client.date_range.start, or tag a withdrawal \
                 (alert-orchestrator tag): until then all history is judged",
            )?;
        }
        if *others > 0 {
            write!(f, "; {others} more such rises")?;
        }
        Ok(())
    }
}

/// Cents for positions, enough digits for prices.
fn significant(number: f64) -> String {
    if number.abs() >= 0.01 || number == 0.0 { format!("{number:.2}") } else { format!("{number:.2e}") }
}

/// Why nothing can be said about an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The store gave no answer, or not a usable one.
    Store(StoreError),
    /// No position table belongs to the asset.
    AssetNotFound {
        /// The configured name.
        asset: String,
        /// What could have been meant.
        tables: Vec<String>,
        /// A file that may have been meant for it.
        left_out: Option<RefusedFile>,
    },
    /// The data contradict themselves or lack what a right answer needs.
    InvalidData(String),
}

impl Failure {
    /// Whether the store answered nothing at all.
    #[must_use]
    pub fn is_store_gone(&self) -> bool {
        matches!(self, Self::Store(StoreError::Connect { .. } | StoreError::Unavailable { .. }))
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Connect { .. } | StoreError::Unavailable { .. }) => "store_unavailable",
            Self::AssetNotFound { .. } => "asset_not_found",
            Self::Store(StoreError::InvalidData { .. } | StoreError::Changed { .. }) | Self::InvalidData(_) => {
                "invalid_data"
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::AssetNotFound { asset, tables, left_out } => {
                let tables: Vec<String> = tables.iter().map(|table| legible::name(table)).collect();
                match tables.as_slice() {
                    [] => write!(f, "asset not found: {asset}; the store has no position tables")?,
                    tables => write!(f, "asset not found: {asset}; tables: {}", tables.join(", "))?,
                }
                f.write_str(&refused::in_addition(left_out))
            }
            Self::InvalidData(detail) => write!(f, "invalid data: {detail}"),
        }
    }
}

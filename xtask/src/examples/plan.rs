//! Who supplied how much, and when did they move money?
//!
//! Everything here is invented for the examples: one treasury with three wallets that lends five stablecoins. The
//! amounts are chosen so that the shipped configuration shows every kind of answer.

use jiff::civil::{Date, date};

/// One market and what the three wallets did in it.
pub(super) struct Asset {
    /// Lower case: the suffix of its tables and the name of its history file.
    pub(super) name: &'static str,
    pub(super) positions: &'static [Position],
}

/// One wallet's supply of one asset.
pub(super) struct Position {
    pub(super) wallet: &'static str,
    pub(super) first_day: Date,
    pub(super) first_units: f64,
    pub(super) flows: &'static [Flow],
}

/// Money moved at 00:00 UTC of a day; that day's sample already contains it.
pub(super) struct Flow {
    pub(super) day: Date,
    /// Underlying units: a deposit is positive, a withdrawal negative.
    pub(super) units: f64,
    pub(super) memo: &'static str,
}

// Mainnet addresses in every respect but the last character, which breaks the checksum: no wallet software will send
// money to them. The first eight and the last four characters differ, so that abbreviations can be told apart.
pub(super) const OPERATIONS: &str =
    "addr1q89256lua5y9gup4c9n0z9vsn56dzezh64mmhtnmtvzzn9dqmny56dd70f8uzc0uuluu7p9rc24gw93s8syy0xh5ss8qkngpze";
pub(super) const RESERVE: &str =
    "addr1qxvug2tpejh46gwzsafc968sy9ppyvttmzceyfjn2ksk8mhp6z3gu24d332pr64m6a5z6cz8l3tldlu7sk4lzrer67gq33nzx9";
pub(super) const GROWTH: &str =
    "addr1qxss6008vzmu6xjsex6mf0ldvrwcd7wvhfcuuct4f9k5j5798kjkjfdu0azzl50rz729rdgv8vcnmkt99k2gh4ud8hpsyc9y63";

const GAIN_TAKEN: &str = "gain taken out (alert_driven_withdrawal)";
const TOP_UP: &str = "top-up";
const PAYROLL: &str = "payroll";

const LAUNCH: Date = date(2024, 9, 10);

const fn position(wallet: &'static str, first_day: Date, first_units: f64, flows: &'static [Flow]) -> Position {
    Position { wallet, first_day, first_units, flows }
}

const fn flow(day: Date, units: f64, memo: &'static str) -> Flow {
    Flow { day, units, memo }
}

pub(super) const ASSETS: &[Asset] = &[
    // A gain since the tagged withdrawal in every wallet.
    Asset {
        name: "usdc",
        positions: &[
            position(
                OPERATIONS,
                LAUNCH,
                12_000.0,
                &[
                    flow(date(2025, 3, 3), 2_500.0, TOP_UP),
                    flow(date(2025, 11, 15), -900.0, GAIN_TAKEN),
                    flow(date(2025, 12, 20), 1_500.0, TOP_UP),
                ],
            ),
            position(RESERVE, LAUNCH, 4_200.0, &[flow(date(2025, 6, 1), -700.0, PAYROLL)]),
            position(GROWTH, date(2025, 2, 1), 8_000.0, &[flow(date(2026, 1, 5), -350.0, PAYROLL)]),
        ],
    },
    // The price fell by more than the interest since the tag: a loss in every wallet.
    Asset {
        name: "djed",
        positions: &[
            position(
                OPERATIONS,
                LAUNCH,
                6_000.0,
                &[flow(date(2025, 5, 1), 800.0, TOP_UP), flow(date(2026, 1, 15), -400.0, GAIN_TAKEN)],
            ),
            position(RESERVE, LAUNCH, 2_500.0, &[flow(date(2026, 1, 20), 300.0, "")]),
            position(GROWTH, date(2025, 1, 1), 9_000.0, &[]),
        ],
    },
    // A gain, but the coin stands 3 % off its peg.
    Asset {
        name: "iusd",
        positions: &[
            position(
                OPERATIONS,
                LAUNCH,
                5_000.0,
                &[flow(date(2025, 10, 10), -250.0, GAIN_TAKEN), flow(date(2025, 12, 1), 400.0, TOP_UP)],
            ),
            position(RESERVE, LAUNCH, 3_000.0, &[]),
            position(GROWTH, date(2025, 4, 1), 7_000.0, &[flow(date(2025, 11, 11), -500.0, PAYROLL)]),
        ],
    },
    // Never tagged: the gain counts from the first sample.
    Asset {
        name: "usdt",
        positions: &[
            position(OPERATIONS, LAUNCH, 15_000.0, &[flow(date(2025, 12, 1), -1_200.0, PAYROLL)]),
            position(RESERVE, LAUNCH, 3_300.0, &[flow(date(2025, 10, 1), 700.0, "")]),
            position(GROWTH, date(2025, 3, 1), 5_000.0, &[]),
        ],
    },
    // Too new for the gate to judge.
    Asset {
        name: "usdm",
        positions: &[
            position(OPERATIONS, date(2026, 1, 22), 4_000.0, &[]),
            position(RESERVE, date(2026, 1, 22), 2_500.0, &[flow(date(2026, 1, 25), 500.0, TOP_UP)]),
            position(GROWTH, date(2026, 1, 24), 9_000.0, &[]),
        ],
    },
];

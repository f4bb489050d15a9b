//! A generated history of many samples, as the CSV files that both stores load.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Assets of the set.
pub(super) const ASSETS: [&str; 3] = ["usdc", "usdt", "djed"];
/// Wallets per asset.
const WALLETS: usize = 20;
/// 5 minutes.
const STEP_MS: i64 = 300_000;
/// 2025-12-01T00:00:00Z.
const END_MS: i64 = 1_769_731_200_000;
/// Every wallet pays in once in so many samples.
const FLOW_EVERY: usize = 4_000;

/// Where the files of a set are, and what is in them.
pub(super) struct Dataset {
    pub(super) folder: PathBuf,
    /// Samples per wallet.
    pub(super) samples: usize,
}

impl Dataset {
    /// Rows in all position files.
    pub(super) fn rows(&self) -> usize {
        ASSETS.len() * WALLETS * self.samples
    }

    /// The newest sample, epoch milliseconds.
    pub(super) fn end_ms(&self) -> i64 {
        END_MS
    }

    fn start_ms(&self) -> i64 {
        END_MS - STEP_MS * (self.samples as i64 - 1)
    }

    pub(super) fn positions(&self, asset: &str) -> PathBuf {
        self.folder.join(format!("liqwid_supply_positions_{asset}.csv"))
    }

    pub(super) fn deposits(&self, asset: &str) -> PathBuf {
        self.folder.join(format!("liqwid_deposits_{asset}.csv"))
    }

    pub(super) fn withdrawals(&self, asset: &str) -> PathBuf {
        self.folder.join(format!("liqwid_withdrawals_{asset}.csv"))
    }

    /// Writes the files of a set; the same samples give the same bytes.
    pub(super) fn generate(folder: &Path, samples: usize) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        let set = Self { folder: folder.to_path_buf(), samples };
        for (number, asset) in ASSETS.iter().enumerate() {
            set.write_asset(asset, number).with_context(|| format!("writing the files of {asset}"))?;
        }
        Ok(set)
    }

    fn write_asset(&self, asset: &str, number: usize) -> anyhow::Result<()> {
        let mut positions = BufWriter::new(File::create(self.positions(asset))?);
        let mut deposits = BufWriter::new(File::create(self.deposits(asset))?);
        let mut withdrawals = BufWriter::new(File::create(self.withdrawals(asset))?);
        writeln!(positions, "ts,wallet_address,underlying_units,usd_value,price_usd")?;
        writeln!(deposits, "ts,wallet_address,amount,memo,tx_hash")?;
        writeln!(withdrawals, "ts,wallet_address,amount,memo,tx_hash")?;
        let mut units: Vec<f64> = (0..WALLETS).map(|wallet| 1_000.0 + 731.25 * wallet as f64).collect();
        let mut noise = Noise(number as u64 + 1);
        for i in 0..self.samples {
            let ts = self.start_ms() + STEP_MS * i as i64;
            let price = 1.0 + 0.002 * (i as f64 / 900.0).sin() + 0.0005 * noise.next();
            for (wallet, units) in units.iter_mut().enumerate() {
                let address = address(number, wallet);
                *units *= 1.0 + 2.4e-7 * (1.5 + noise.next());
                if i % FLOW_EVERY == 100 + wallet {
                    *units += 50.0;
                    writeln!(deposits, "{ts},{address},50,,{i:032x}{wallet:032x}")?;
                }
                // A collector samples all wallets at one instant, so the file is in the order of time.
                writeln!(positions, "{ts},{address},{units:.6},{:.8},{price:.8}", *units * price)?;
            }
        }
        let tagged_at = self.start_ms() + STEP_MS * 10;
        writeln!(withdrawals, "{tagged_at},{},25,alert_driven_withdrawal,{number:064x}", address(number, 0))?;
        positions.flush()?;
        deposits.flush()?;
        withdrawals.flush()?;
        Ok(())
    }
}

/// As long as a real address.
fn address(asset: usize, wallet: usize) -> String {
    format!("addr1v{asset:02}{wallet:050}")
}

/// Numbers in [-1, 1) that look like noise and are the same every time: a 64-bit linear congruential generator
/// (multiplier of Knuth's MMIX).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

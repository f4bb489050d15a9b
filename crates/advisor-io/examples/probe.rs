use advisor_core::store::Store;
use advisor_io::embedded::*;
use std::fmt::Write;
use std::path::Path;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let dir = Path::new(&a[2]);
    let store = Embedded::open(dir.join("store.db")).unwrap();
    match a[1].as_str() {
        "make" => {
            for asset in ["djed", "usdc", "iusd"] {
                let csv = dir.join(format!("liqwid_supply_positions_{asset}.csv"));
                let mut t = String::from(
                    "ts,wallet_address,market_id,market_name,q_token_balance,underlying_units,usd_value,price_usd,price_ada\n",
                );
                for s in 0..17281i64 {
                    let at = jiff::Timestamp::from_second(1_764_460_800 + 300 * s).unwrap();
                    let price = 1.0 + (s % 97) as f64 * 1e-5;
                    for w in 0..20 {
                        let units = 1000.0 * (w + 1) as f64 + s as f64 * 0.0137;
                        writeln!(
                            t,
                            "{at},addr1q{w:0>97},DJED,Djed,{:.6},{units:.6},{:.6},{price:.6},{:.6}",
                            units * 49.73,
                            units * price,
                            price / 0.4321
                        )
                        .unwrap();
                    }
                }
                std::fs::write(&csv, t).unwrap();
            }
        }
        "import" => {
            let r = store
                .import(dir, &TablePrefixes::default(), ImportOptions { table_prefix: "", progress: &mut |_| {} })
                .unwrap();
            println!("{:?}", r.imported[0].inserted);
        }
        "import1" => {
            let r = store
                .import(
                    &dir.join("liqwid_supply_positions_djed.csv"),
                    &TablePrefixes::default(),
                    ImportOptions { table_prefix: "", progress: &mut |_| {} },
                )
                .unwrap();
            println!("{:?}", r.imported[0].inserted);
        }
        _ => {
            let rt = tokio::runtime::Builder::new_multi_thread().build().unwrap();
            let reads: Vec<_> = ["djed", "usdc", "iusd"]
                .iter()
                .map(|asset| {
                    let s = store.clone();
                    let t = format!("liqwid_supply_positions_{asset}");
                    rt.spawn(async move { s.positions(&t, None, i64::MAX).await.unwrap() })
                })
                .collect();
            let n: usize = reads
                .into_iter()
                .map(|r| rt.block_on(r).unwrap().wallets.iter().map(|w| w.ts().len()).sum::<usize>())
                .sum();
            println!("{n}");
        }
    }
}

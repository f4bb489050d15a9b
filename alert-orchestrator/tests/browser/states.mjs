// What the scripted server answers: six assets, each in another state, with figures that belong together.

const DAY_MS = 86_400_000;
const T1 = Date.parse("2026-01-29T00:00:00Z");
const iso = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
const hex = (seed) => Array.from({ length: 64 }, (_, i) => ((seed * 7 + i * i * 3 + i) % 16).toString(16)).join("");

export const KEYWORD = "alert_driven_withdrawal";
export const WALLETS = [
  "addr1q89256lua5y9gup4c9n0z9vsn56dzezh64mmhtnmtvzzn9dqmny56dd70f8uzc0uuluu7p9rc24gw93s8syy0xh5ss8qkngpze",
  "addr1qxss6008vzmu6xjsex6mf0ldvrwcd7wvhfcuuct4f9k5j5798kjkjfdu0azzl50rz729rdgv8vcnmkt99k2gh4ud8hpsyc9y63",
  "addr1qxvug2tpejh46gwzsafc968sy9ppyvttmzceyfjn2ksk8mhp6z3gu24d332pr64m6a5z6cz8l3tldlu7sk4lzrer67gq33nzx9",
];
export const abbreviate = (address) => (address.length <= 13 ? address : `${address.slice(0, 8)}…${address.slice(-4)}`);

const PRICES = { liqwid_graphql: 1.0003, "greptime(liqwid)": 1.0001, minswap_aggregator: 0.9992, "greptime(minswap)": null };

/** One decision; what `change` leaves out is that of an asset one may withdraw from. */
export function decision(change = {}) {
  return {
    decision: 1,
    ref_mode: "keyword",
    wmax_usd: 299.11,
    wallet_breakdown: breakdown([63.53, 101.33, 134.25], WALLETS),
    g_usd: 598.23,
    withdrawn_since_reference_usd: 0,
    residual_usd: 12.3456,
    sigma_usd: 18.9,
    k_sigma: 2,
    residual_trigger: 0,
    gate_applied: true,
    off_peg: false,
    debug_plot_path: null,
    t0_ts: "2025-10-10T00:00:00Z",
    t1_ts: iso(T1),
    prices_by_source: PRICES,
    price_delta_abs: 0.0011,
    price_delta_rel: 0.0011,
    price_mismatch: 0,
    price_compare_unavailable: 0,
    reason: null,
    ...change,
  };
}

const breakdown = (limits, wallets) =>
  limits.map((wmax_usd, i) => ({ wallet_address: wallets[i], abbreviated_address: abbreviate(wallets[i]), wmax_usd }));

/** A decision to hold. */
export const hold = (code, message, change = {}) =>
  decision({ decision: 0, wmax_usd: 0, wallet_breakdown: [], reason: { code, message }, ...change });

/** An error: nothing is known. */
export const failed = (code, message) => ({
  ...Object.fromEntries(Object.keys(decision()).map((name) => [name, null])),
  decision: -1, wmax_usd: 0, wallet_breakdown: [], gate_applied: false, reason: { code, message },
});

/** The price sources disagree. */
export const mismatch = hold("price_mismatch", "price mismatch (positions 1.0001 USD, liqwid 1.0003 USD, minswap 0.9700 USD: 3.029 % apart, tolerance 0.7 %)", {
  prices_by_source: { liqwid_graphql: 1.0003, "greptime(liqwid)": 1.0001, minswap_aggregator: 0.97 }, price_delta_abs: 0.0303, price_delta_rel: 0.03029, price_mismatch: 1,
});

/** The comparison behind a decision's prices. */
function priceFigures({ prices_by_source, price_delta_abs, price_delta_rel, price_mismatch }) {
  if (!prices_by_source) return null;
  const known = Object.entries(prices_by_source).filter(([, price]) => price !== null);
  const first = known[0][1];
  const ways = { positions: ["greptime(liqwid)"], liqwid: ["liqwid_graphql"], minswap: ["minswap_aggregator", "greptime(minswap)"] };
  const logical = Object.entries(ways).flatMap(([source, of]) => known.filter(([from]) => of.includes(from)).slice(0, 1).map(([from, price_usd]) => ({ source, from, price_usd })));
  const beside = (price_usd) => ({ delta_abs: price_usd - first, delta_rel: (price_usd - first) / first });
  const isCompared = (source) => logical.some(({ from }) => from === source);
  return {
    by_source: known.map(([source, price_usd]) => ({ source, price_usd, price_ada: null, ...(isCompared(source) ? beside(price_usd) : { delta_abs: null, delta_rel: null }) })),
    missing: Object.keys(prices_by_source).filter((source) => prices_by_source[source] === null),
    logical, delta_abs: price_delta_abs, delta_rel: price_delta_rel, tolerance: { mode: "relative", epsilon: 0.007 },
    mismatch: price_mismatch === null ? null : price_mismatch === 1, unavailable: price_mismatch === null,
    mismatches_in_a_row: price_mismatch === 1 ? 2 : 0, persistence_threshold: 0, action: "hold",
  };
}

const uncompared = { prices_by_source: null, price_delta_abs: null, price_delta_rel: null, price_mismatch: null, price_compare_unavailable: null };

export const DECISIONS = {
  usdc: decision(),
  djed: hold("no_gain", "non-positive gains since t0 (clamped)", { ...uncompared, g_usd: -60.43, wallet_breakdown: breakdown([0, 0, 0], WALLETS) }),
  iusd: hold("off_peg", "off peg (0.9672 USD, 328 bps from 1.0, positions); residual gate triggered (residual -222.19 USD, 3.6 σ)", { off_peg: true,
    g_usd: 209.4, withdrawn_since_reference_usd: 500, residual_usd: -222.19485, sigma_usd: 61.69413, residual_trigger: 1,
  }),
  usdm: hold("insufficient_points", "insufficient points for residual gate (8 < 10)", { ref_mode: "data_range", residual_trigger: null, gate_applied: false }),
  usdt: mismatch,
  usdx: failed("asset_not_found", "asset not found: usdx; tables: djed, iusd, usdc, usdm, usdt"),
};

export const STATUS = {
  version: "0.3.0",
  timezone: "Europe/Berlin",
  as_of: null,
  interval_seconds: 3600,
  evaluation_seconds: 0.4,
  auth: { enabled: true, require_for: "sensitive" },
  references_writable: true,
  config_path: "config/orchestrator_config.yaml",
  store: { ok: true, detail: null },
};

/** The status now; the last evaluation was 12 minutes ago unless `change` says otherwise. */
export const status = (change = {}) => ({
  ...STATUS,
  now: new Date().toISOString(),
  last_evaluation: new Date(Date.now() - 12 * 60_000).toISOString(),
  next_evaluation: new Date(Date.now() + 48 * 60_000).toISOString(),
  ...change,
});

const wallet = (address, i) => ({
  address,
  baseline_at: "2025-10-10T00:00:00Z", baseline_usd: 5693.38641917 + 900 * i,
  newest_at: iso(T1), newest_usd: 6156.9164567 + 1002 * i,
  flows: i ? [] : [{ at: "2025-12-01T00:00:00Z", effective_at: "2025-12-01T00:00:00Z", direction: "deposit", amount: 400, price_usd: 1, usd: 400, tx_hash: hex(1), mark: null }],
  deposits_usd: i ? 0 : 400, withdrawals_usd: 0, untagged_usd: 0, gain_usd: 63.53003752999939 + 102 * i, stale: false, limit_usd: 31.765 + 51 * i, taken_usd: 0,
});

/** What the service says of each reason, beyond the reason itself. */
const WAYS_OUT = {
  asset_not_found: "No table of positions belongs to usdx. Import its samples, or correct the name in client.assets.",
  clock_doubt: "One of the two clocks is wrong, and every figure with it. Set the clock that is wrong.",
  no_data: "There is no sample to compute a gain from. Import some, or look at what writes them (`alert-orchestrator check` says what there is).",
  no_gain: "No wallet gained enough for a cent. Wait for interest: the best of them lacks 60.45 USD.",
  no_reference: "Nothing says since when gains count. Tag a withdrawal (`alert-orchestrator tag --asset coin3 --latest`), or set orchestrator.reference_keyword_fallback to data_range: then they count from the first sample.",
  off_peg: "The price (positions) is 0.9672 USD, 328 bps from 1.00 USD; 100 are allowed. It goes on by itself once every known price is back within that. Where this one is wrong, correct or remove it; how far a price may be away is decision_gate.peg.max_deviation_bps.",
  insufficient_points: "The gate has 8 points in its window of 720 h, too few to judge by: wait for 2 more. Or let the window reach back further (decision_gate.lookback_hours).",
  gate_triggered: "The newest point at 2026-01-29 01:00 is 222.19 USD off its own trend, and more than 123.39 USD trips the gate. It goes on by itself once the newest point is back, or the trend has followed it. See whether a deposit or withdrawal is missing, or the sample is wrong.",
  price_mismatch: "The gain is worth only what its price is, and the sources do not agree on it (under prices, below). It goes on by itself once they do. Look which of them is wrong; how far they may be apart is orchestrator.price_compare.tolerance_epsilon.",
  stale_data: "The newest sample is 30.5 h old, and client.max_sample_age_hours allows 24 h. It is judged again with the next sample: look at what writes the samples.",
};

/** The first paragraphs of `explain`. */
function summary(asset, { decision, wmax_usd, g_usd, reason }) {
  const gained = `Since 2025-10-10 02:00, the newest withdrawal that is tagged as the reference, its 3 wallets gained ${g_usd?.toFixed(2)} USD, deposits and withdrawals left out.`;
  const wayOut = WAYS_OUT[reason?.code] ?? `What to do about ${reason?.code}.`;
  if (decision === -1) return [`Nothing can be said of ${asset} now, so nothing may be withdrawn. ${wayOut}`];
  if (decision === 0) return [`Nothing may be withdrawn now. ${gained}`, wayOut, ...(asset === "iusd" ? [`It holds for this, too: ${WAYS_OUT.gate_triggered}`] : [])];
  return [
    `Up to ${wmax_usd.toFixed(2)} USD may be withdrawn now, from 3 wallets. ${gained}`,
    "What limits the amount: 0.5 of the gain of each wallet (orchestrator.safety_factor.c), rounded down to the cent.",
    "It holds once the newest point is more than 37.80 USD off its trend (it is 12.35), a price is more than 100 bps from 1.00 USD (the furthest is 12.3 bps away), the sources of prices differ by more than 0.7 % (they are 0.11 % apart), no sample comes for 24 h (client.max_sample_age_hours) after 2026-01-29 01:00, a wallet grows by more than its known deposits and interest of 150 % a year (client.transactions.max_supply_apy), or nothing is left of the gain.",
  ];
}

/** The figures behind a decision. */
export function explanation(asset, decided, change = {}) {
  const known = decided.decision !== -1;
  const trigger = { 1: "triggered", 0: "quiet" }[decided.residual_trigger] ?? { insufficient: { needed: 10 } };
  const sigma = decided.sigma_usd;
  return {
    asset, as_of: iso(T1), decision: decided.decision, wmax_usd: decided.wmax_usd, reason: decided.reason, summary: summary(asset, decided), ref_mode: decided.ref_mode,
    t0: decided.t0_ts,
    reference: known ? `newest withdrawal whose memo contains "${KEYWORD}": withdrawal of 250 by ${WALLETS[0]} (tx ${hex(2)})` : null,
    t1: decided.t1_ts, price_t1_usd: known ? 0.96717689 : null,
    wallets: known ? WALLETS.map(wallet).map((one) => ({ ...one, untagged_usd: decided.withdrawn_since_reference_usd / 3, taken_usd: decided.withdrawn_since_reference_usd ? 12.04 : 0 })) : [],
    totals: known ? { baseline_usd: 16779.75, newest_usd: 16889.14, deposits_usd: 400, withdrawals_usd: 500, untagged_usd: decided.withdrawn_since_reference_usd, gain_usd: decided.g_usd, limit_usd: 299.11 } : null,
    safety_factor: 0.5,
    gate: known ? {
      basis: "corrected_position", baseline: { polynomial: 2 }, window_start: "2025-12-30T00:00:00Z", points: 31,
      fit: { centre: "2026-01-14T00:00:00Z", scale_seconds: 1296000, coefficients: [17504.34, -83.21, -209.79], newest_leverage: 0.2559 },
      newest_value: 16989.149, residual: decided.residual_usd, sigma, k_sigma: 2, k_times_sigma: sigma * 2, epsilon_floor: 1e-6, bps_floor: 16.889,
      interval: null, threshold: sigma * 2, verdict: trigger,
    } : null,
    peg: known ? { price_usd: 0.96717689, source: "greptime(liqwid)", target_usd: 1, deviation_bps: asset === "iusd" ? 328.2311 : 12.3, max_deviation_bps: 100, off_peg: asset === "iusd" } : null,
    prices: known ? priceFigures(decided) : null,
    gate_applied: decided.gate_applied,
    warnings: asset === "iusd" ? ["withdrawn 500.00 USD since the reference without a tag: counted as gain already taken; tag it as the reference, or as principal (alert-orchestrator tag)"] : [],
    ...change,
  };
}

/** A position that grows, with a deposit and a withdrawal; the same without them, and its gain; or a price about 1. */
export function series(asset, view, points = 120) {
  const rate = view === "rate";
  const ts = Array.from({ length: points }, (_, i) => T1 - (points - 1 - i) * DAY_MS);
  const noise = (i) => Math.sin(i * 1.7) * 0.6 + Math.sin(i * 0.53) * 0.4;
  const corrected = view === "corrected";
  const moved = (i) => (corrected ? 0 : (i >= 62 ? 400 : 0) - (i >= 80 ? 500 : 0));
  const value = ts.map((_, i) => (rate ? 1 + noise(i) * 0.002 : 15_000 + i * 14 + noise(i) * 40 + moved(i)));
  const from_usd = value[Math.max(0, points - 112)]; // on 2025-10-10
  const scale = rate ? 0.002 : 40;
  const window = ts.slice(-31);
  const residuals = window.map((_, i) => noise(i + points - 31) * scale);
  const sigma = scale / 2;
  const unit = rate ? "USD per unit" : "USD";
  const edges = [-1.2, -0.8, -0.4, 0, 0.4, 0.8, 1.2].map((x) => x * scale);
  const counts = edges.slice(1).map((high, i) => residuals.filter((r) => r >= edges[i] && r < high).length);
  const x = Array.from({ length: 101 }, (_, i) => (-1.6 + i * 0.032) * scale);
  const kernel = (at) => residuals.reduce((sum, r) => sum + Math.exp(-0.5 * ((at - r) / (0.3 * scale)) ** 2), 0);
  return {
    asset, view, unit, as_of: iso(T1), t0: "2025-10-10T00:00:00Z", t1: iso(T1),
    series: {
      ts, value,
      smoothed: corrected ? null : value.map((_, i) => { const near = value.slice(Math.max(0, i - 3), i + 4); return near.reduce((a, b) => a + b) / near.length; }),
      baseline: value.map((v, i) => (i < points - 31 ? null : v - noise(i) * scale)),
    },
    ...(corrected ? { gain: { from_usd, usd: value[points - 1] - from_usd } } : {}),
    sigma, k_times_sigma: 2 * sigma, show_sigma_band: true, show_k_sigma_band: true,
    deposits: rate ? [] : [{ ts: ts[62], usd: 400, amount: 400 }],
    withdrawals: rate ? [] : [{ ts: ts[80], usd: 500, amount: 500 }],
    residual: { ts: window, value: residuals, latest: { ts: T1, value: residuals[30] }, thresholds: [-2 * sigma, 2 * sigma], unit },
    density: {
      x, y: x.map((at) => kernel(at) / (residuals.length * 0.3 * scale * Math.sqrt(2 * Math.PI))),
      histogram: { edges, density: counts.map((n) => n / (residuals.length * 0.4 * scale)) },
      latest: residuals[30], thresholds: [-2 * sigma, 2 * sigma], sigma,
    },
  };
}

export function history(asset, decided, entries = 60) {
  const now = decided.reason ?? { code: null, message: null };
  return {
    asset, from: iso(T1 - 30 * DAY_MS), to: iso(T1), truncated: false,
    entries: Array.from({ length: entries }, (_, i) => ({
      ts: iso(T1 - i * 3_600_000), decision: i < 5 ? decided.decision : 1,
      code: i < 5 ? now.code : null, reason: i < 5 ? now.message : null,
      wmax_usd: i < 5 ? decided.wmax_usd : 250 + i, g_usd: 500 + 2 * i, residual_usd: 12 - i, sigma_usd: 18.9,
      t0: "2025-10-10T00:00:00Z", t1: iso(T1 - i * 3_600_000), duration_seconds: 0.4, version: "0.3.0", config_hash: "c0ffee", replica: "one",
    })),
  };
}

/** Newest first; the second is the reference, the third is known by its memo only, the last not at all. */
export const withdrawals = () => ({
  withdrawals: [
    { ts: "2025-12-19T00:00:00Z", wallet_address: WALLETS[1], amount: 500, memo: `Synced from Liqwid (tx: ${hex(4)})`, tx_hash: hex(4), tx: hex(4), is_reference: false, is_principal: false },
    { ts: "2025-10-10T00:00:00Z", wallet_address: WALLETS[0], amount: 250, memo: KEYWORD, tx_hash: hex(2), tx: hex(2), is_reference: true, is_principal: false },
    { ts: "2025-09-01T00:00:00Z", wallet_address: WALLETS[1], amount: 75, memo: "payroll (tx: 5f3ac0ffee123456)", tx_hash: null, tx: "5f3ac0ffee123456", is_reference: false, is_principal: false },
    { ts: "2025-08-01T00:00:00Z", wallet_address: WALLETS[2], amount: 100.5, memo: null, tx_hash: null, tx: null, is_reference: false, is_principal: false },
  ].map((one) => ({ ...one, abbreviated_address: abbreviate(one.wallet_address) })),
});

/** What a mark changes, of these wallets: W_max before and after. */
export const effect = (message, wallets = []) => ({
  asset: "iusd", mark: "reference",
  before: { decision: 1, wmax_usd: 36.1, reason: null, ref_mode: "keyword", t0_ts: "2025-10-10T00:00:00Z" },
  after: { decision: 1, wmax_usd: 18.34, reason: null, ref_mode: "keyword", t0_ts: "2025-12-19T00:00:00Z" },
  wallets: wallets.map(([wallet_address, wmax_usd_before, wmax_usd_after]) => ({
    wallet_address, abbreviated_address: abbreviate(wallet_address), wmax_usd_before, wmax_usd_after, gain_usd_before: 72.2, gain_usd_after: 36.68,
  })),
  message,
});

/** Everything the server answers about `decisions`; `now` gives the status. */
export function script({ decisions = DECISIONS, now = () => status(), explain = {}, answers = {} } = {}) {
  const about = (make) => (query) => {
    const asset = query.get("asset");
    const decided = decisions[asset];
    return decided ? { status: 200, json: make(asset, decided, query) } : { status: 404, json: { error: `no asset ${asset}`, status: "error" } };
  };
  return {
    answers: {
      "GET /api/status": () => ({ status: 200, json: now() }),
      "GET /api/decisions": () => ({ status: 200, json: decisions }),
      "GET /api/series": (query) =>
        decisions[query.get("asset")]?.decision === -1
          ? { status: 404, json: { error: `no series of ${query.get("asset")}: the asset is in error`, status: "error" } }
          : about((asset, _decided, query) => series(asset, query.get("view")))(query),
      "GET /api/explain": about((asset, decided) => explanation(asset, decided, explain)),
      "GET /api/history": about((asset, decided) => history(asset, decided)),
      "GET /api/withdrawals": about(() => withdrawals()),
      "GET /api/reference/effect": about(() => effect("W_max stays 0.00 (HOLD: off peg)")),
      ...answers,
    },
  };
}

/** Twelve assets: those above, and holds for reasons that are long. */
export function twelve() {
  const reasons = {
    clock_doubt: "samples newer than now (by 42 min): clock or time zone?",
    flows_incomplete: `transactions of ${WALLETS[0]} are known only up to 2026-01-28 23:00: Liqwid answered 503; the next pull goes on from there`,
    no_data: "No position data available since the reference: reference 10:20 is newer than the newest sample 10:00",
    no_reference: `no reference: no withdrawal is tagged "${KEYWORD}"`,
    stale_data: "stale data (newest sample 30.5 h old)",
  };
  const held = Object.entries(reasons).map(([code, message], i) => [`coin${i}`, hold(code, message)]);
  const fallback = decision({ ref_mode: "data_range", wmax_usd: 36.1, g_usd: 72.2, withdrawn_since_reference_usd: 1521.94 });
  return { ...DECISIONS, dai: fallback, ...Object.fromEntries(held) };
}

/** As many wallets as a treasury has. */
export function manyWallets(count) {
  const addresses = Array.from({ length: count }, (_, i) => `addr1q${String(i).padStart(4, "0")}${hex(i).slice(0, 50)}${String(i).padStart(4, "0")}`);
  return decision({ wmax_usd: count * 10.5, wallet_breakdown: breakdown(addresses.map(() => 10.5), addresses) });
}

// What the API answers and what the page keeps, for the type annotations in assets/js. Never served, never loaded.
// Instants are RFC 3339 in UTC, amounts USD unless said otherwise, undefined figures null.

/** Where there is none, a dash is shown. */
type Figure = number | null | undefined;

declare namespace Api {
  type View = "corrected" | "position" | "rate";

  interface Status {
    version: string;
    now: string;
    /** IANA name. */
    timezone: string;
    as_of: string | null;
    last_evaluation: string | null;
    next_evaluation: string | null;
    interval_seconds: number;
    evaluation_seconds: number | null;
    auth: { enabled: boolean; require_for: "sensitive" | "all" };
    references_writable: boolean;
    /** As the operator gave it. */
    config_path: string;
    store: { ok: boolean; detail: string | null };
  }

  interface Reason {
    code: string;
    message: string;
  }

  interface Wallet {
    wallet_address: string;
    abbreviated_address: string;
    wmax_usd: number;
  }

  interface Decision {
    decision: 1 | 0 | -1;
    ref_mode: "keyword" | "data_range" | null;
    wmax_usd: number;
    wallet_breakdown: Wallet[];
    g_usd: number | null;
    withdrawn_since_reference_usd: number | null;
    residual_usd: number | null;
    sigma_usd: number | null;
    k_sigma: number | null;
    residual_trigger: 0 | 1 | null;
    gate_applied: boolean;
    /** null: no peg is configured, or no price known. */
    off_peg: boolean | null;
    t0_ts: string | null;
    t1_ts: string | null;
    prices_by_source: Record<string, number | null> | null;
    price_delta_abs: number | null;
    price_delta_rel: number | null;
    price_mismatch: 0 | 1 | null;
    price_compare_unavailable: 0 | 1 | null;
    reason: Reason | null;
  }

  /** Decisions by asset. */
  type Decisions = Record<string, Decision>;

  interface Flow {
    at: string;
    effective_at: string;
    direction: "deposit" | "withdrawal";
    amount: number;
    price_usd: number | null;
    usd: number;
    tx_hash: string | null;
    mark: "reference" | "principal" | null;
  }

  interface WalletFigures {
    address: string;
    baseline_at: string;
    baseline_usd: number;
    newest_at: string;
    newest_usd: number;
    flows: Flow[];
    deposits_usd: number;
    withdrawals_usd: number;
    /** Of them those without a tag. */
    untagged_usd: number;
    gain_usd: number;
    stale: boolean;
    limit_usd: number;
    /** By how much withdrawals without a tag lowered it. */
    taken_usd: number;
  }

  interface Totals {
    baseline_usd: number;
    newest_usd: number;
    deposits_usd: number;
    withdrawals_usd: number;
    untagged_usd: number;
    gain_usd: number;
    limit_usd: number;
  }

  interface Gate {
    basis: "corrected_position" | "change_rate_usd";
    baseline: { polynomial: number } | "median";
    window_start: string;
    points: number;
    fit: { centre: string; scale_seconds: number; coefficients: number[]; newest_leverage: number } | null;
    newest_value: number | null;
    residual: number | null;
    sigma: number | null;
    k_sigma: number;
    k_times_sigma: number | null;
    epsilon_floor: number;
    bps_floor: number | null;
    interval: [number, number] | null;
    threshold: number | null;
    verdict: "quiet" | "triggered" | { insufficient: { needed: number } };
    scattered: { largest: number; max_band_bps: number; furthest: { at: string; value: number; neighbours: number } } | null;
  }

  interface Peg {
    price_usd: number;
    source: string;
    target_usd: number;
    deviation_bps: number;
    max_deviation_bps: number;
    off_peg: boolean;
  }

  interface PriceFigures {
    /** The differences from the first that was compared; null where this one was not. */
    by_source: { source: string; price_usd: number; price_ada: number | null; delta_abs: number | null; delta_rel: number | null }[];
    missing: string[];
    /** Those that were compared. */
    logical: { source: string; from: string; price_usd: number }[];
    /** Highest less lowest of them; null where there are fewer than two, as are the next and `mismatch`. */
    delta_abs: number | null;
    delta_rel: number | null;
    /** A fraction of the highest price, or USD. */
    tolerance: { mode: "relative" | "absolute"; epsilon: number };
    mismatch: boolean | null;
    unavailable: boolean;
    mismatches_in_a_row: number;
    persistence_threshold: number;
    action: "hold" | "alert";
  }

  /** The advice with every figure it rests on. */
  interface Explanation {
    asset: string;
    as_of: string;
    decision: 1 | 0 | -1;
    wmax_usd: number;
    reason: Reason | null;
    /** Paragraphs: what may be withdrawn and was gained; then what limits and would hold it, or what holds it and the ways out. Of an error one. */
    summary: string[];
    ref_mode: "keyword" | "data_range" | null;
    t0: string | null;
    reference: string | null;
    t1: string | null;
    price_t1_usd: number | null;
    wallets: WalletFigures[];
    totals: Totals | null;
    safety_factor: number;
    gate: Gate | null;
    peg: Peg | null;
    prices: PriceFigures | null;
    gate_applied: boolean;
    warnings: string[];
  }

  /** Columns by time, epoch milliseconds. */
  interface Columns {
    ts: number[];
    value: (number | null)[];
  }

  interface Marker {
    ts: number;
    usd: number;
    amount: number;
  }

  interface Series {
    asset: string;
    view: View | "residual";
    unit: string;
    as_of: string;
    t0: string | null;
    t1: string | null;
    series: (Columns & { smoothed: (number | null)[] | null; baseline: (number | null)[] | null }) | null;
    /** Of the view corrected, where there is a reference. */
    gain?: { from_usd: number; usd: number };
    sigma: number | null;
    k_times_sigma: number | null;
    show_sigma_band: boolean;
    show_k_sigma_band: boolean;
    deposits: Marker[];
    withdrawals: Marker[];
    residual: (Columns & { latest: { ts: number; value: number } | null; thresholds: [number, number] | null; unit: string }) | null;
    density: {
      x: number[];
      y: number[];
      histogram: { edges: number[]; density: number[] };
      latest: number | null;
      thresholds: [number, number] | null;
      sigma: number | null;
    } | null;
  }

  interface HistoryEntry {
    ts: string;
    decision: 1 | 0 | -1;
    code: string | null;
    reason: string | null;
    wmax_usd: number;
    g_usd: number | null;
    residual_usd: number | null;
    sigma_usd: number | null;
    t0: string | null;
    t1: string | null;
    replica: string | null;
  }

  interface History {
    asset: string;
    truncated: boolean;
    entries: HistoryEntry[];
  }

  interface Withdrawal {
    ts: string;
    wallet_address: string;
    abbreviated_address: string;
    amount: number | null;
    memo: string | null;
    tx_hash: string | null;
    /** The stored hash, else the transaction that the memo names. */
    tx: string | null;
    is_reference: boolean;
    is_principal: boolean;
  }

  interface ReferenceWish {
    asset: string;
    wallet: string;
    tx: string;
    mark?: "reference" | "principal";
    remove?: boolean;
    /** The memo that was shown; empty: none. */
    memo_before: string;
  }

  interface EffectQuestion extends Record<string, string> {
    asset: string;
    wallet: string;
    tx: string;
    mark: "reference" | "principal" | "none";
  }

  /** null: it has none. */
  interface WalletEffect {
    wallet_address: string;
    abbreviated_address: string;
    wmax_usd_before: number | null;
    wmax_usd_after: number | null;
  }

  /** The answer without the mark, or with it. */
  interface Outcome {
    ref_mode: string;
    t0_ts: string | null;
  }

  /** What a mark would change. */
  interface Effect {
    asset: string;
    before: Outcome;
    after: Outcome;
    wallets: WalletEffect[];
    /** Without a full stop. */
    message: string;
  }

  interface Login {
    user: string;
    password: string;
  }

  interface ReferenceChange {
    status: "success";
    /** What follows for the gains, in lower case and without a full stop. */
    message: string;
    memo_before: string | null;
    memo_after: string | null;
  }
}

declare namespace Page {
  interface Route {
    asset: string | null;
    view: Api.View;
    autorefresh: boolean;
  }

  /** What the page has of an answer: not asked yet, the answer, or why there is none. */
  interface Loaded<T> {
    value?: T;
    error?: string;
  }

  /** Everything the page shows. */
  interface State {
    status: Api.Status | null;
    decisions: Api.Decisions | null;
    asset: string | null;
    /** That of the asset. */
    decision: Api.Decision | null;
    view: Api.View;
    /** Asked for in the address, but not evaluated. */
    unknownAsset: string | null;
    autorefresh: boolean;
    /** Since when the server does not answer, epoch milliseconds of this computer. */
    unreachableSince: number | null;
    /** What the server said instead of figures. */
    failure: string | null;
    /** Before the first evaluation. */
    waiting: boolean;
    series: Loaded<Api.Series>;
    explain: Loaded<Api.Explanation>;
    history: Loaded<Api.History>;
    withdrawals: Loaded<{ withdrawals: Api.Withdrawal[] }>;
  }

  /** The same once there is something to show. */
  interface Shown extends State {
    decisions: Api.Decisions;
    asset: string;
    decision: Api.Decision;
  }
}

declare const uPlot: any;

declare namespace Chart {
  type Kind =
    | "value" | "smoothed" | "fit" | "wide-band" | "narrow-band" | "gain" | "loss"
    | "sigma" | "k-sigma" | "threshold" | "t0" | "latest" | "point" | "deposit" | "withdrawal";

  interface Line {
    label: string;
    kind: Kind;
    values: (number | null)[];
  }

  interface Band {
    label: string;
    kind: Kind;
    low: (number | null)[];
    high: (number | null)[];
  }

  /** Between the first line and a value, from an instant on. */
  interface Area {
    label: string;
    kind: Kind;
    from: number;
    base: number;
  }

  /** Straight lines across the plot; none where they are too far away and only named. */
  interface Level {
    label: string;
    kind: Kind;
    axis: "x" | "y";
    at: number[];
  }

  interface Marker {
    label: string;
    kind: Kind;
    x: number;
    y: number;
  }

  interface Panel {
    show: (plot: Plot | null) => void;
    plot: (series: Api.Series) => Plot | null;
  }

  /** What a panel shows. */
  interface Plot {
    /** Another one starts with the zoom at everything. */
    key: string;
    title: string;
    /** The same in words. */
    summary: string;
    /** Of the x axis, in epoch milliseconds; null: x is a number. */
    timezone: string | null;
    formatX: (x: number) => string;
    formatY: (y: number) => string;
    /** Ascending. */
    x: number[];
    lines: Line[];
    area: Area | null;
    bands: Band[];
    levels: Level[];
    markers: Marker[];
    bars: { edges: number[]; heights: number[] } | null;
  }
}

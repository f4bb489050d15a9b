// May the operator withdraw, and how much? Badge, limit, reason and warnings of the selected asset.

import { copies } from "./copy.js";
import { byId, el, reconcile, setNote, setText } from "./dom.js";
import { counted, time, usd, usdWithUnit } from "./format.js";

/** @typedef {import("../../types.js").PageState} PageState */
/** @typedef {import("../../types.js").Decision} Decision */

const KINDS = {
  1: { kind: "withdraw", word: "WITHDRAW_OK" },
  0: { kind: "hold", word: "HOLD" },
  [-1]: { kind: "error", word: "ERROR" },
};

/** What to do about a reason. */
const HINTS = /** @type {Record<string, string>} */ ({
  store_unavailable: "The data could not be read. The next round tries again.",
  asset_not_found: "No position table has that name. Compare client.assets with the tables there are.",
  invalid_data: "Some row of the data cannot be used. Nothing can be said until it is corrected.",
  no_reference: "Mark the last withdrawal of gains as the reference, so that it is known since when gains count.",
  no_data: "There is no sample to count gains to yet.",
  stale_data: "The newest samples are too old to act on. Look at what writes them.",
  off_peg: "The coin is away from its peg. Wait until it is back.",
  insufficient_points: "A trend cannot be judged by so few samples. Wait for more, or look further back (lookback_hours).",
  gate_triggered: "The newest value lies too far from its trend. Wait until it settles.",
  price_mismatch: "The price sources disagree. Wait until they agree.",
  no_gain: "Nothing was earned since t0, so there is nothing to take out.",
});

/** @param {1 | 0 | -1} decision */
export const kindOf = (decision) => KINDS[decision];

/** @type {Decision | null} */
let shown = null;
let announced = "";

export function start() {
  copies(byId("copy-json"), () => JSON.stringify({ [byId("decision-asset").textContent]: shown }, null, 2));
  copies(byId("copy-command"), () => byId("explain-command").textContent);
}

/** @param {PageState} state */
export function showDecision({ asset, decisions, explain, unreachableSince }) {
  const decision = asset ? decisions?.[asset] : null;
  if (!asset || !decision) return;
  shown = decision;
  const { kind, word } = kindOf(decision.decision);
  setText(byId("decision-asset"), asset);
  byId("badge").className = `badge ${kind}`;
  byId("badge").querySelector("use").setAttribute("href", `#icon-${kind}`);
  setText(byId("badge-word"), word);
  setText(byId("badge-note"), unreachableSince === null ? "" : "last known");
  setText(byId("wmax"), usdWithUnit(decision.wmax_usd));
  const wallets = walletCount(decision, explain.value?.wallets.length);
  setText(byId("wallet-count"), wallets === null ? "–" : String(wallets));
  setText(byId("gain"), usdWithUnit(decision.g_usd));
  setText(byId("withdrawn"), usdWithUnit(decision.withdrawn_since_reference_usd));
  setText(byId("ref-mode"), decision.ref_mode);
  setText(byId("t0"), time(decision.t0_ts));
  setText(byId("t1"), time(decision.t1_ts));
  setText(byId("reason"), sentence(decision));
  setNote(byId("reason-hint"), decision.reason ? (HINTS[decision.reason.code] ?? null) : null);
  setText(byId("explain-command"), `alert-orchestrator explain ${asset}`);
  showWarnings(explain.value?.warnings ?? []);
  document.title = `${word} · ${asset} · Alert Orchestrator`;
  announce(`${asset}: ${word}, ${sentence(decision)}`, `${asset} ${decision.decision} ${decision.reason?.code}`);
}

/**
 * A held asset has no breakdown, but its wallets are still there.
 * @param {Decision} decision @param {number | undefined} explained
 */
function walletCount(decision, explained) {
  return decision.wallet_breakdown.length || (explained ?? null);
}

/** @param {Decision} decision */
function sentence({ decision, wmax_usd, wallet_breakdown, reason }) {
  if (decision === 1) return `Up to ${usd(wmax_usd)} USD may be withdrawn from ${counted(wallet_breakdown.length, "wallet")}.`;
  return reason ? reason.message : "No reason was given.";
}

/** @param {string[]} warnings */
function showWarnings(warnings) {
  const list = byId("warnings");
  list.hidden = warnings.length === 0;
  reconcile(list, warnings, (text) => text, (text) => el("li", {}, text));
}

/**
 * Tells a screen reader of a change of the decision, once, and nothing at the first look or at a refresh without change.
 * @param {string} text @param {string} key
 */
function announce(text, key) {
  if (announced !== "" && announced !== key) byId("announce").textContent = text;
  announced = key;
}

// May the operator withdraw, and how much? Badge, limit, reason and warnings of the selected asset.

import { copies } from "./copy.js";
import { byId, el, reconcile, setNote, write } from "./dom.js";
import { counted, measured, number, time, usd } from "./format.js";

const KINDS = {
	1: { kind: "withdraw", word: "WITHDRAW_OK" },
	0: { kind: "hold", word: "HOLD" },
	[-1]: { kind: "error", word: "ERROR" },
};

/** What to do about a reason. */
const HINTS = {
	store_unavailable: "The data could not be read. The next round tries again.",
	asset_not_found: "No position table has that name. Check client.assets.",
	invalid_data: "A row of the data cannot be used. Correct it.",
	clock_doubt: "Look at this machine's clock.",
	no_reference: "Mark the last withdrawal of gains as the reference: gains count from it.",
	no_data: "There is no sample to count gains to yet.",
	stale_data: "The newest samples are too old to act on. Look at what writes them.",
	flows_incomplete: "Deposits may be missing.",
	unexplained_growth: "Add the deposit that is missing.",
	off_peg: "The coin is away from its peg. Wait until it is back.",
	insufficient_points: "These samples show no trend to judge by. Look at why.",
	gate_triggered: "The newest value lies too far from its trend. Wait until it settles.",
	price_mismatch: "The price sources disagree. Wait until they agree.",
	no_gain: "Nothing was earned since t0, so there is nothing to take out.",
};

/** @param {1 | 0 | -1} decision */
export const kindOf = (decision) => KINDS[decision];

/** @type {Api.Decision | null} */
let shown = null;
let announced = "";

export function start() {
	copies(byId("copy-json"), () => JSON.stringify({ [byId("decision-asset").textContent]: shown }, null, 2));
	copies(byId("copy-command"), () => byId("explain-command").textContent);
}

/** @param {Page.Shown} state */
export function showDecision({ asset, decision, explain, unreachableSince, failure }) {
	shown = decision;
	const { kind, word } = kindOf(decision.decision);
	byId("badge").className = `badge ${kind}`;
	byId("badge").querySelector("use").setAttribute("href", `#icon-${kind}`);
	write({
		"decision-asset": asset,
		"badge-word": word,
		"badge-note": unreachableSince === null && failure === null ? "" : "last known",
		reason: sentence(decision),
		wmax: measured(decision.wmax_usd, "USD"),
		"wallet-count": number(decision.wallet_breakdown.length || explain.value?.wallets.length, 0),
		gain: measured(decision.g_usd, "USD"),
		withdrawn: measured(decision.withdrawn_since_reference_usd, "USD"),
		"ref-mode": decision.ref_mode ?? "null",
		t0: time(decision.t0_ts),
		t1: time(decision.t1_ts),
		"explain-command": `alert-orchestrator explain ${asset}`,
	});
	setNote(byId("reason-hint"), decision.reason ? (HINTS[decision.reason.code] ?? null) : null);
	showWarnings(explain.value?.warnings ?? []);
	document.title = `${word} · ${asset} · Alert Orchestrator`;
	announce(`${asset}: ${word}, ${sentence(decision)}`, `${asset} ${decision.decision} ${decision.reason?.code}`);
}

function sentence({ decision, wmax_usd, wallet_breakdown, reason }) {
	if (decision === 1) return `Up to ${usd(wmax_usd)} USD may be withdrawn from ${counted(wallet_breakdown.length, "wallet")}.`;
	return reason ? reason.message : "No reason was given.";
}

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

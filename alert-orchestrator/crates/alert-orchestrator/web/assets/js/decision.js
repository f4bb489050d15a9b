// May the operator withdraw, and how much? Badge, limit, reason and warnings of the selected asset.

import { command, copies } from "./copy.js";
import { byId, el, icon, prose, reconcile, write } from "./dom.js";
import { counted, measured, readable, time, usd } from "./format.js";
import { isLost, pastDate } from "./status.js";

const KINDS = {
	1: { kind: "withdraw", word: "WITHDRAW_OK" },
	0: { kind: "hold", word: "HOLD" },
	[-1]: { kind: "error", word: "ERROR" },
};

/** Reasons that put its samples in doubt. */
const DOUBTS = ["clock_doubt", "stale_data"];

/** Nothing is green of an asset whose samples are old or whose coin is off its peg, whether that holds it or not. @param {Api.Decision} decision */
export const isDoubtful = ({ off_peg, reason }) => Boolean(off_peg) || DOUBTS.includes(reason?.code ?? "");

/** @param {1 | 0 | -1} decision */
export const kindOf = (decision) => KINDS[decision];

/** A decision in a table. @param {1 | 0 | -1} decision */
export function mark(decision) {
	const { kind, word } = KINDS[decision];
	return el("span", { class: `mark ${kind}` }, icon(kind), word);
}

/** @type {Api.Decision | null} */
let shown = null;
let announced = "";

export function start() {
	copies(byId("copy-json"), () => JSON.stringify({ [byId("decision-asset").textContent]: shown }, null, 2));
	copies(byId("copy-command"), () => byId("explain-command").textContent);
}

/** @param {Page.Shown} state */
export function showDecision(state) {
	const { asset, decision, explain, status } = state;
	shown = decision;
	const { kind, word } = kindOf(decision.decision);
	const lost = isLost(state);
	const title = state.unreachableSince !== null ? "Server unreachable" : lost ? `Last known ${word}` : word;
	const when = pastDate(state);
	const may = when ? "Could be withdrawn then" : lost ? "Could be withdrawn at the last evaluation" : "May be withdrawn now";
	const why = sentence(decision, may);
	byId("badge").className = `badge ${kind}`;
	byId("badge").querySelector("use").setAttribute("href", `#icon-${kind}`);
	write({
		"decision-asset": asset,
		"badge-word": word,
		"badge-note": lost ? "last known" : when,
		reason: why,
		wmax: measured(decision.wmax_usd, "USD"),
		"explain-command": command(status, "explain", asset),
	});
	showFigures(decision, explain);
	// Explain has the first; an error has no other.
	list("summary", "p", explain.value?.summary.slice(decision.decision === -1 ? 0 : 1) ?? []);
	list("warnings", "li", explain.value?.warnings ?? []);
	document.title = [title, asset, ...(when ? [when] : []), "Alert Orchestrator"].join(" · ");
	const said = `${asset}: ${word}, ${measured(decision.wmax_usd, "USD")}, ${why}`;
	announce(said, `${asset} ${decision.decision} ${decision.reason?.code}`);
}

/**
 * Those that are known; a column of dashes says nothing.
 * @param {Api.Decision} decision @param {Page.Loaded<Api.Explanation>} explain
 */
function showFigures(decision, { value: advice, error }) {
	const price = measured(advice?.price_t1_usd, "USD per unit") + (decision.prices_by_source ? "" : ", compared with no other");
	const isComing = !advice && !error && decision.decision !== -1;
	const untagged = decision.withdrawn_since_reference_usd || null;
	const figures = {
		gain: measured(decision.g_usd, "USD"),
		withdrawn: measured(untagged, "USD") + (untagged && advice ? effectOf(advice.wallets) : ""),
		"ref-mode": decision.ref_mode ?? (decision.decision === -1 ? "–" : "none"),
		t0: time(decision.t0_ts),
		t1: time(decision.t1_ts),
		price: isComing ? "…" : price,
	};
	write(figures);
	for (const [id, text] of Object.entries(figures)) byId(id).parentElement.hidden = text.startsWith("–");
}

/** What withdrawals without a tag do to the limit. @param {Api.WalletFigures[]} wallets */
function effectOf(wallets) {
	const lowered = wallets.reduce((sum, { taken_usd }) => sum + taken_usd, 0);
	return lowered > 0 ? `, lowers the limit by ${usd(lowered)} USD` : ", lowers no limit";
}

/** Of how many wallets something may be taken. @param {Api.Wallet[]} wallets */
export function fromWhom(wallets) {
	const offering = wallets.filter(({ wmax_usd }) => wmax_usd > 0).length;
	return `from ${offering < wallets.length ? `${offering} of ` : ""}${counted(wallets.length, "wallet")}`;
}

/** Sentences of the server, each an element. @param {string} id @param {string} tag @param {string[]} sentences */
function list(id, tag, sentences) {
	byId(id).hidden = !sentences.length;
	reconcile(byId(id), sentences.map(readable), (text) => text, (text) => prose(tag, text));
}

function sentence({ decision, wallet_breakdown, reason }, may) {
	if (decision === 1) return `${may}, ${fromWhom(wallet_breakdown)}.`;
	return reason ? readable(reason.message) : "No reason was given.";
}

/**
 * Tells a screen reader of a change of the decision, once, and nothing at the first look or at a refresh without change.
 * @param {string} text @param {string} key
 */
function announce(text, key) {
	if (announced !== "" && announced !== key) byId("announce").textContent = text;
	announced = key;
}

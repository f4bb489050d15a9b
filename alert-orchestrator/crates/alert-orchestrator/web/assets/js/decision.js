// May the operator withdraw, and how much? Badge, limit, reason and warnings of the selected asset.

import { command, copies } from "./copy.js";
import { byId, el, icon, reconcile, setNote, write } from "./dom.js";
import { counted, measured, readable, time, usd } from "./format.js";
import { isLost, pastDate } from "./status.js";

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
	clock_doubt: "Look at the clock of the server, and of what writes the samples.",
	no_reference: "Mark the last withdrawal of gains as the reference: gains count from it.",
	no_data: "There is no sample to count gains to yet.",
	stale_data: "The newest samples are too old to act on. Look at what writes them.",
	flows_incomplete: "Deposits may be missing.",
	unexplained_growth: "Add the deposit that is missing.",
	off_peg: "The coin is away from its peg. Wait until it is back.",
	insufficient_points: "There are too few samples, or they are too unlike, to judge the newest by.",
	gate_triggered: "The newest value lies too far from its trend. Wait until it settles.",
	price_mismatch: "The price sources disagree. Wait until they agree.",
	no_gain: "There is nothing to take out until more is gained.",
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
	setNote(byId("reason-hint"), decision.reason ? (HINTS[decision.reason.code] ?? null) : null);
	showWarnings(explain.value?.warnings ?? []);
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

function sentence({ decision, wallet_breakdown, reason }, may) {
	if (decision === 1) return `${may}, ${fromWhom(wallet_breakdown)}.`;
	return reason ? readable(reason.message) : "No reason was given.";
}

/**
 * Of warnings that differ in names and figures alone one stands for all, the one with the largest figure.
 * @param {string[]} warnings
 */
function showWarnings(warnings) {
	const alike = new Map();
	for (const text of warnings) {
		const kind = text.replace(/[\w…]*\d[\w….:-]*/g, "");
		alike.set(kind, [...(alike.get(kind) ?? []), text]);
	}
	const size = (text) => Math.max(0, ...(text.match(/(?<![\w.:-])\d+(\.\d+)?(?![\w.:-])/g) ?? []).map(Number));
	const said = [...alike.values()].map((texts) => {
		const worst = texts.reduce((a, b) => (size(b) > size(a) ? b : a));
		const others = counted(texts.length - 1, "more warning");
		return readable(worst) + (texts.length > 1 ? ` (and ${others} of this kind, in Explain)` : "");
	});
	byId("warnings").hidden = !said.length;
	reconcile(byId("warnings"), said, (text) => text, (text) => el("li", {}, text));
}

/**
 * Tells a screen reader of a change of the decision, once, and nothing at the first look or at a refresh without change.
 * @param {string} text @param {string} key
 */
function announce(text, key) {
	if (announced !== "" && announced !== key) byId("announce").textContent = text;
	announced = key;
}

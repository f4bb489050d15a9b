// What does a mark cost or free? Asked while the dialog is open; what comes late answers a question that nobody has.

import * as api from "./api.js";
import { byId, el, fillCells, makeCells, reconcile, setText, write } from "./dom.js";
import { counted, readable, time, usd } from "./format.js";

/** More wallets than this are folded. */
const LISTED_MAX = 10;

const UNKNOWN = "What it costs or frees could not be computed";
const ALL_THE_SAME = "The tag can be changed all the same.";

/** Gives the last question up. @type {AbortController | null} */
let asked = null;

/** @param {Api.EffectQuestion} question */
export async function showEffect(question) {
	forgetEffect();
	const mine = (asked = new AbortController());
	show("Computing what it costs or frees…");
	const answer = await api.effect(question, mine.signal).then(complete).catch((error) => error);
	if (mine !== asked) return;
	if (answer instanceof Error) return show(`${UNKNOWN}: ${readable(answer.message)}. ${ALL_THE_SAME}`);
	show(`${readable(answer.message)}.`, onT0(answer), answer.wallets.filter((one) => one.wmax_usd_before !== one.wmax_usd_after));
}

/** @param {Api.Effect} answer */
function complete(answer) {
	if (answer?.message && answer.before && answer.after && answer.wallets) return answer;
	throw new Error("the answer (200) has no figures");
}

/** @param {Api.Effect} answer */
function onT0({ asset, before, after }) {
	const [was, becomes] = [before, after].map(({ t0_ts, ref_mode }) => (t0_ts ? time(t0_ts) : "none") + (ref_mode === "data_range" ? ", the fallback" : ""));
	return was === becomes ? `t0 of ${asset} stays: ${was}.` : `t0 of ${asset}: ${was} → ${becomes}.`;
}

export function forgetEffect() {
	asked?.abort();
	asked = null;
	show("");
}

/** @param {string} text @param {string} [t0] @param {Api.WalletEffect[]} [wallets] */
function show(text, t0 = "", wallets = []) {
	write({ effect: text, "reference-t0": t0 });
	const details = byId("effect-wallets");
	details.hidden = wallets.length < 2;
	details.open = wallets.length <= LISTED_MAX;
	setText(byId("effect-wallets-title"), `W_max of the ${counted(wallets.length, "wallet")} that change, USD`);
	reconcile(byId("effect-rows"), wallets, (one) => one.wallet_address, makeRow, fillRow);
}

/** @param {HTMLTableRowElement} row @param {Api.WalletEffect} one */
const fillRow = (row, one) => fillCells(row, null, usd(one.wmax_usd_before), usd(one.wmax_usd_after));

/** @param {Api.WalletEffect} one */
function makeRow({ wallet_address, abbreviated_address }) {
	const row = makeCells("", "number", "number");
	row.cells[0].append(el("code", { title: wallet_address }, abbreviated_address));
	return row;
}

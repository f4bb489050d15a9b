// How much from which wallet?

import { address } from "./copy.js";
import { byId, el, fillCells, reconcile, setNote, setText } from "./dom.js";
import { abbreviate, usd } from "./format.js";

/** One wallet can be reached by Tab; arrow keys move among them, so that 200 are not 200 stops. */
export function start() {
	byId("wallet-rows").addEventListener("keydown", (event) => {
		const buttons = [...byId("wallet-rows").querySelectorAll("button")];
		const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
		if (at < 0 || to === undefined || !buttons[to]) return;
		event.preventDefault();
		buttons[at].tabIndex = -1;
		buttons[to].tabIndex = 0;
		buttons[to].focus();
	});
}

/** @param {Page.Shown} state */
export function showWallets({ decision, explain }) {
	const wallets = decision.wallet_breakdown.length ? decision.wallet_breakdown : held(explain.value);
	reconcile(byId("wallet-rows"), wallets, (wallet) => wallet.wallet_address, makeRow, (row, { wmax_usd }) => fillCells(row, null, usd(wmax_usd)));
	keepOneReachable();
	byId("wallet-table").hidden = !wallets.length;
	setText(byId("wallets-title"), wallets.length ? `Wallets (${wallets.length})` : "Wallets");
	setNote(byId("wallets-note"), note(decision));
}

/** A held asset has no breakdown, but its wallets are still there, with nothing to take out. */
const held = (explanation) =>
	(explanation?.wallets ?? []).map(({ address }) => ({ wallet_address: address, abbreviated_address: abbreviate(address), wmax_usd: 0 }));

/** @param {Api.Decision} decision */
function note({ decision, wmax_usd }) {
	if (decision === 1) return `Together ${usd(wmax_usd)} USD.`;
	return decision === 0 ? "The asset is held: nothing may be withdrawn from any wallet." : "No wallet can be judged while the asset is in error.";
}

/** @param {Api.Wallet} wallet */
function makeRow({ wallet_address, abbreviated_address }) {
	const button = address(wallet_address, abbreviated_address);
	button.tabIndex = -1;
	return el("tr", {}, el("th", { scope: "row" }, button), el("td", { class: "number" }));
}

function keepOneReachable() {
	const rows = byId("wallet-rows");
	if (rows.querySelector("button[tabindex='0']")) return;
	const first = rows.querySelector("button");
	if (first) first.tabIndex = 0;
}

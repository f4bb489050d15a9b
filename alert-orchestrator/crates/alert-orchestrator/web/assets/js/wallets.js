// How much from which wallet? Sorted as one likes, and as a file.

import { address } from "./copy.js";
import { kindOf } from "./decision.js";
import { byId, el, fillCells, reconcile, setNote, setText } from "./dom.js";
import { abbreviate, usd } from "./format.js";

/** @typedef {{address: string, short: string, limit: number, gain: number | undefined, value: number | undefined}} Row */

/** What the columns are sorted by, in their order. @type {((row: Row) => string | number)[]} */
const KEYS = [({ address }) => address, ({ limit }) => limit, ({ gain }) => gain ?? -Infinity, ({ value }) => value ?? -Infinity];
/** The most that can be had first. */
const sorted = { column: 1, descending: true };

/** @type {Row[]} */
let rows = [];
/** Of which decision they are, and as of when. @type {string[]} */
let source = [];
let asset = "";

/** One wallet can be reached by Tab; arrow keys move among them, so that 200 are not 200 stops. */
export function start() {
	byId("wallet-rows").addEventListener("keydown", (event) => {
		const buttons = [...byId("wallet-rows").querySelectorAll("button")];
		const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
		if (at < 0 || to === undefined || !buttons[to]) return;
		event.preventDefault();
		reach(buttons, buttons[to]);
		buttons[to].focus();
	});
	headers().forEach((header, column) =>
		header.firstElementChild?.addEventListener("click", () => {
			// Figures begin with the largest, addresses with the first.
			sorted.descending = sorted.column === column ? !sorted.descending : column > 0;
			sorted.column = column;
			draw();
			reach([...byId("wallet-rows").querySelectorAll("button")]);
			byId("wallet-table").scrollTop = 0;
		}),
	);
	byId("wallets-csv").addEventListener("click", download);
}

const headers = () => [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#wallet-table th[aria-sort]"))];

/** @param {Page.Shown} state */
export function showWallets(state) {
	asset = state.asset;
	rows = rowsOf(state);
	const { status, decision, explain } = state;
	source = [kindOf(decision.decision).word, explain.value?.as_of ?? status?.as_of ?? status?.last_evaluation ?? ""];
	// Those of a held asset come with its explanation; until then the card keeps their place.
	const isComing = decision.decision !== -1 && !explain.value && !explain.error;
	byId("wallets").hidden = !rows.length && !isComing;
	setText(byId("wallets-title"), rows.length ? `Wallets (${rows.length}), in USD` : "Wallets");
	const isHeld = state.decision.decision !== 1;
	setNote(byId("wallets-note"), isHeld ? "The asset is held: nothing may be withdrawn from any wallet." : null);
	draw();
}

/** A held asset has no breakdown, but its wallets are still there, with nothing to take out. @returns {Row[]} */
function rowsOf({ decision, explain }) {
	const figures = explain.value?.wallets ?? [];
	const by = new Map(figures.map((wallet) => [wallet.address, wallet]));
	const row = (address, short, limit) => {
		const found = by.get(address);
		return { address, short, limit, gain: found?.gain_usd, value: found?.newest_usd };
	};
	if (!decision.wallet_breakdown.length) return figures.map(({ address }) => row(address, abbreviate(address), 0));
	return decision.wallet_breakdown.map((wallet) => row(wallet.wallet_address, wallet.abbreviated_address, wallet.wmax_usd));
}

function draw() {
	const key = KEYS[sorted.column];
	const order = (a, b) => (key(a) === key(b) ? 0 : key(a) < key(b) === sorted.descending ? 1 : -1);
	reconcile(byId("wallet-rows"), [...rows].sort(order), (row) => row.address, makeRow, (node, { limit, gain, value }) =>
		fillCells(node, null, usd(limit), usd(gain), usd(value)));
	headers().forEach((header, column) =>
		header.setAttribute("aria-sort", column !== sorted.column ? "none" : sorted.descending ? "descending" : "ascending"));
	const buttons = [...byId("wallet-rows").querySelectorAll("button")];
	if (!buttons.some((button) => button.tabIndex === 0)) reach(buttons);
}

/** @param {Row} row */
function makeRow({ address: whole, short }) {
	const cells = KEYS.slice(1).map(() => el("td", { class: "number" }));
	const button = address(whole, short);
	button.tabIndex = -1;
	return el("tr", {}, el("th", { scope: "row" }, button), ...cells);
}

/** Has Tab come to this one, and to no other. */
function reach(buttons, at = buttons[0]) {
	for (const button of buttons) button.tabIndex = button === at ? 0 : -1;
}

/** A file made here, of no other host; its figures are cents, its texts such as no spreadsheet takes for a formula. */
function download() {
	const plain = (text) => encodeURIComponent(text).replace(/^-/, "%2D");
	const cents = (figure) => figure?.toFixed(2) ?? "";
	const lines = rows.map(({ address, limit, gain, value }) => [plain(asset), plain(address), ...[limit, gain, value].map(cents), ...source]);
	const head = ["asset", "wallet_address", "wmax_usd", "gain_usd", "newest_usd", "decision", "as_of"];
	const text = [head, ...lines, []].map((line) => line.join(",")).join("\r\n");
	const href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
	el("a", { href, download: `${plain(asset)}-wallets.csv` }).click();
	// Some browsers read it only after this.
	setTimeout(() => URL.revokeObjectURL(href), 1000);
}

// Which asset offers what? A row for each, the selected one marked, and what they offer in all.

import { fromWhom, isDoubtful, mark } from "./decision.js";
import { byId, el, reconcile, setText, write } from "./dom.js";
import { brief, counted, readable, time, usd } from "./format.js";
import { href } from "./route.js";
import { age, isOfNow } from "./status.js";

/** @param {(asset: string) => void} choose */
export function start(choose) {
	byId("overview-rows").addEventListener("click", (event) => {
		const link = /** @type {Element} */ (event.target).closest("a");
		// With a key held down the browser opens it beside this page.
		if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
		event.preventDefault();
		choose(link.textContent ?? "");
	});
}

/** @param {Page.Shown} state */
export function showOverview(state) {
	const { decisions, asset } = state;
	const names = Object.keys(decisions).sort();
	const fill = (row, name) => fillRow(row, name, decisions[name], name === asset);
	reconcile(byId("overview-rows"), names, (name) => name, makeRow, fill);
	// What was offered once is no sum to rely on; and one asset is its own.
	byId("overview-total").hidden = names.length < 2 || !isOfNow(state);
	showTotal(names, decisions);
}

/** @param {string} name */
function makeRow(name) {
	const link = el("th", { scope: "row" }, el("a", {}, name));
	return el("tr", {}, link, el("td"), el("td", { class: "number" }), el("td", { class: "cut" }), el("td", { class: "number" }));
}

/** @param {HTMLTableRowElement} row @param {string} name @param {Api.Decision} decision @param {boolean} selected */
function fillRow(row, name, decision, selected) {
	const [, kind, limit, reason, newest] = row.cells;
	const link = /** @type {HTMLAnchorElement} */ (row.querySelector("a"));
	row.className = isDoubtful(decision) ? "doubt" : "";
	link.href = href({ asset: name });
	if (selected) link.setAttribute("aria-current", "true");
	else link.removeAttribute("aria-current");
	if (kind.dataset.kind !== String(decision.decision)) kind.replaceChildren(mark(decision.decision));
	kind.dataset.kind = String(decision.decision);
	setText(limit, usd(decision.wmax_usd));
	const why = decision.reason ? readable(decision.reason.message) : fromWhom(decision.wallet_breakdown);
	setText(reason, brief(why));
	// Whole for the pointer on the cell, and for the keyboard on the link.
	for (const node of [reason, link]) node.dataset.tip = why;
	setText(newest, age(decision.t1_ts));
	newest.dataset.tip = time(decision.t1_ts);
}

/** Of all that could be judged. @param {string[]} names @param {Api.Decisions} decisions */
function showTotal(names, decisions) {
	const of = (wanted) => names.filter((name) => decisions[name].decision === wanted);
	const [offering, failed] = [of(1), of(-1)];
	const offers = offering.length === 1 ? "offers" : "offer";
	const without = failed.length ? `; without ${failed.join(", ")}, which cannot be judged` : "";
	write({
		"overview-sum": usd(offering.reduce((sum, name) => sum + decisions[name].wmax_usd, 0)),
		"overview-count": `${offering.length} of ${counted(names.length, "asset")} ${offers}${without}`,
	});
}

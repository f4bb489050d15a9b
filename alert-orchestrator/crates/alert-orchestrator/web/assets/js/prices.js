// Do the sources agree on the price?

import { byId, el, fillCells, reconcile, setNote, showFlag } from "./dom.js";
import { number, percent } from "./format.js";

/** @param {Page.Shown} state */
export function showPrices({ decision, explain }) {
	const own = explain.value?.price_t1_usd ?? null;
	const rows = decision.prices_by_source ? compared(decision.prices_by_source) : alone(own);
	reconcile(byId("price-rows"), rows, ({ source }) => source, makeRow, fillRow);
	byId("price-table").hidden = !rows.length;
	const said = verdict(decision);
	showFlag("price-verdict", said);
	setNote(byId("price-note"), said.note);
}

/** Against the first. @param {Record<string, number | null>} bySource @returns {Page.PriceRow[]} */
function compared(bySource) {
	const first = Object.values(bySource).find((price) => price !== null) ?? null;
	return Object.entries(bySource).map(([source, price]) => {
		const abs = price !== null && first !== null ? price - first : null;
		return { source, price, abs, rel: abs !== null && first ? abs / first : null };
	});
}

function alone(price) {
	return price === null ? [] : [{ source: "newest position sample", price, abs: null, rel: null }];
}

function verdict(decision) {
	const { price_mismatch, price_delta_abs, price_delta_rel, price_compare_unavailable, prices_by_source } = decision;
	if (!prices_by_source) {
		return { kind: "none", word: "not compared", note: "Prices are not compared: orchestrator.price_compare is off, or the asset is in error." };
	}
	const apart = `The sources differ by ${number(price_delta_abs, 6)} USD (${percent(price_delta_rel)}).`;
	if (price_compare_unavailable) {
		return { kind: "none", word: "cannot be compared", note: "Fewer than two sources have a price, so there is nothing to compare." };
	}
	if (price_mismatch) return { kind: "bad", word: "MISMATCH", note: `${apart} That is more than the tolerance.` };
	return { kind: "good", word: "within tolerance", note: apart };
}

function makeRow({ source }) {
	const cell = () => el("td", { class: "number" });
	return el("tr", {}, el("th", { scope: "row" }, el("code", {}, source)), cell(), cell(), cell());
}

function fillRow(row, { price, abs, rel }) {
	fillCells(row, null, price === null ? "no answer" : number(price, 6), number(abs, 6), percent(rel));
}

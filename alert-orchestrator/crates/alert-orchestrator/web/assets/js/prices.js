// Do the sources agree on the price?

import { byId, el, fillCells, reconcile, setNote, showFlag } from "./dom.js";
import { named, number, percent } from "./format.js";

/** @param {Page.Shown} state */
export function showPrices({ decision, explain }) {
	const own = explain.value?.price_t1_usd ?? null;
	const rows = decision.prices_by_source ? listed(decision.prices_by_source, explain.value?.prices ?? null) : alone(own);
	reconcile(byId("price-rows"), rows, ({ source }) => source, makeRow, fillRow);
	byId("price-table").hidden = !rows.length;
	const said = verdict(decision);
	showFlag("price-verdict", said);
	setNote(byId("price-note"), said.note);
}

function listed(bySource, figures) {
	return Object.entries(bySource).map(([source, price]) => {
		const { delta_abs: abs = null, delta_rel: rel = null } = figures?.by_source.find((one) => one.source === source) ?? {};
		return { source: named(source), price, abs, rel };
	});
}

function alone(price) {
	return price === null ? [] : [{ source: "newest position sample", price, abs: null, rel: null }];
}

function verdict(decision) {
	const { price_mismatch, price_delta_abs, price_delta_rel, price_compare_unavailable, prices_by_source } = decision;
	if (!prices_by_source) {
		return { kind: "none", word: "not compared", note: "Prices are not compared (price_compare), or the asset is in error." };
	}
	const apart = `${number(price_delta_abs, 6)} USD (${percent(price_delta_rel)}) apart.`;
	if (price_compare_unavailable) {
		return { kind: "none", word: "cannot be compared", note: "Fewer than two sources have a price: nothing to compare." };
	}
	if (price_mismatch) return { kind: "bad", word: "MISMATCH", note: `${apart} More than the tolerance.` };
	return { kind: "good", word: "within tolerance", note: apart };
}

function makeRow({ source }) {
	const cell = () => el("td", { class: "number" });
	return el("tr", {}, el("th", { scope: "row" }, el("code", {}, source)), cell(), cell(), cell());
}

function fillRow(row, { price, abs, rel }) {
	fillCells(row, null, price === null ? "no answer" : number(price, 6), number(abs, 6), percent(rel));
}

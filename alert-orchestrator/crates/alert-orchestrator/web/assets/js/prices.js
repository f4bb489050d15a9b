// Do the sources agree on the price? Hidden where nobody compares them.

import { byId, el, fillCells, reconcile, setText, showFlag } from "./dom.js";
import { amount, counted, named, number, percent } from "./format.js";

/** @param {Page.Shown} state */
export function showPrices({ decision, explain }) {
	const bySource = decision.prices_by_source;
	byId("prices").hidden = !bySource;
	if (!bySource) return;
	const figures = explain.value?.prices ?? null;
	const fill = (row, [source, price]) => fillRow(row, price, figures?.by_source.find((one) => one.source === source));
	reconcile(byId("price-rows"), Object.entries(bySource), ([source]) => source, makeRow, fill);
	showFlag("price-verdict", verdict(decision));
	setText(byId("price-note"), note(decision, figures));
}

function verdict({ price_mismatch, price_compare_unavailable }) {
	if (price_compare_unavailable) return { kind: "none", word: "cannot be compared" };
	return price_mismatch ? { kind: "bad", word: "MISMATCH" } : { kind: "good", word: "within tolerance" };
}

/** How far apart they are, and what follows. @param {Api.Decision} decision @param {Api.PriceFigures | null} figures */
function note({ price_delta_abs, price_delta_rel, price_mismatch, price_compare_unavailable }, figures) {
	if (price_compare_unavailable) return "Fewer than two sources have a price: nothing to compare.";
	const apart = `${number(price_delta_abs, 6)} USD (${percent(price_delta_rel)}) apart`;
	if (!figures) return `${apart}.`;
	const { tolerance, logical, action, mismatches_in_a_row: row, persistence_threshold: allowed } = figures;
	const tolerated = tolerance.mode === "relative" ? `${amount(100 * tolerance.epsilon)} %` : `${tolerance.epsilon} USD`;
	const compared = logical.map(({ source, from }) => [...new Set([source, named(from)])].join(" from ")).join(", ");
	const holds = allowed > 1 ? `holds after ${allowed} evaluations` : "holds at once";
	const follows = `a mismatch ${action === "hold" ? holds : "is shown only"}`;
	const lasts = price_mismatch ? `, and lasts for ${counted(row, "evaluation")}` : "";
	return `${apart}, ${tolerated} tolerated; ${follows}${lasts}. Compared: ${compared}.`;
}

/** @param {[string, number | null]} entry */
const makeRow = ([source]) => {
	const cell = () => el("td", { class: "number" });
	return el("tr", {}, el("th", { scope: "row" }, el("code", {}, named(source))), cell(), cell(), cell());
};

/** @param {HTMLTableRowElement} row @param {number | null} price @param {Api.PriceFigures["by_source"][number]} [beside] */
function fillRow(row, price, beside) {
	const said = price === null ? "no answer" : number(price, 6);
	fillCells(row, null, said, number(beside?.delta_abs, 6), percent(beside?.delta_rel));
}

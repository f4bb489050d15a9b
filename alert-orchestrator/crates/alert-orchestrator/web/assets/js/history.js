// How did the decisions on this asset go? The journal, newest first.

import { mark } from "./decision.js";
import { byId, el, fillCells, makeCells, reconcile, sayInTable, setNote } from "./dom.js";
import { figure, readable, time, usd } from "./format.js";
import { unitOf } from "./gate.js";

const PAGE = 50;
let limit = PAGE;

/** @type {Page.State["history"]} */
let latest = {};
/** The journal does not say whether residuals are of a position or of a price; mostly as today. */
let unit = "USD";

/** @param {() => void} reload asks for the span that is selected now */
export function start(reload) {
	byId("history-days").addEventListener("change", reload);
	byId("history-changes").addEventListener("change", () => render());
	byId("history-more").addEventListener("click", () => {
		limit += PAGE;
		render();
	});
}

/** Start of the selected span. */
export const since = () => new Date(Date.now() - Number(byId("history-days").value) * 86_400_000);

/** @param {Page.Shown} state */
export function showHistory({ history, explain }) {
	latest = history;
	unit = unitOf(explain.value?.gate);
	render();
}

function render() {
	const { value, error } = latest;
	const all = value?.entries ?? [];
	const entries = byId("history-changes").checked ? changes(all) : all;
	setNote(byId("history-note"), note(value?.truncated ?? false, error));
	byId("history-more").hidden = entries.length <= limit;
	if (value && !entries.length) return sayInTable(byId("history-rows"), 7, "No decision was recorded in this span.");
	reconcile(byId("history-rows"), entries.slice(0, limit), ({ ts, replica }) => `${value?.asset} ${ts} ${replica}`, makeRow, fillRow);
}

function note(truncated, error) {
	if (error) return `The history could not be read: ${error}`;
	return truncated ? "Only the newest decisions of this span are listed." : null;
}

/** Entries whose decision or code differs from the one before. @param {Api.HistoryEntry[]} entries newest first */
function changes(entries) {
	return entries.filter((entry, i) => entry.decision !== entries[i + 1]?.decision || entry.code !== entries[i + 1]?.code);
}

function makeRow({ decision, code }) {
	const row = makeCells("time", "", "number", "number", "number", "number", "text");
	if (code === "mark_changed") {
		row.cells[1].append(el("span", { class: "flag info" }, "tag changed"));
		return row;
	}
	row.cells[1].append(mark(decision));
	return row;
}

function fillRow(row, { ts, wmax_usd, g_usd, residual_usd: residual, sigma_usd: sigma, reason }) {
	const figures = [usd(wmax_usd), usd(g_usd), figure(residual, unit), figure(sigma, unit)];
	fillCells(row, time(ts), null, ...figures, readable(reason ?? ""));
}

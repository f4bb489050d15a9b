// What do the three panels show? The series of the API as plots: value over time, its residuals, and their density.

import { byId, fillCells, makeCells, reconcile, setNote, setText } from "./dom.js";
import { amount, counted, measured, time, timezone, usd } from "./format.js";
import { createPanel } from "./panel.js";

/** @type {Chart.Panel[]} */
let panels = [];
/** @type {Api.Series | null | undefined} nothing was shown yet: null */
let shown = null;

export function start() {
	panels = [
		{ show: createPanel(byId("panel-series")), plot: seriesPlot },
		{ show: createPanel(byId("panel-residual")), plot: residualPlot },
		{ show: createPanel(byId("panel-density")), plot: densityPlot },
	];
}

/** @param {Page.Shown} state */
export function showCharts({ series: { value, error }, asset, view }) {
	byId("charts").setAttribute("aria-busy", String(!value && !error));
	setNote(byId("charts-note"), error ? `No charts for ${asset}: ${error}` : value && !value.series ? `No ${view} to draw for ${asset}.` : null);
	// Until the series of another asset or view is here the panels keep, dimmed, what they show.
	if (value === shown || (!value && !error)) return;
	shown = value;
	// Each in a task of its own: a slow phone answers in between.
	for (const { show, plot } of panels) setTimeout(() => shown === value && show(value ? plot(value) : null));
	byId("chart-help").hidden = !value?.series;
	showFlows(value);
}

const keyOf = ({ asset, view }, panel) => `${panel} ${asset} ${view}`;
const overTime = (x, unit) => ({ timezone: timezone(), formatX: time, formatY: (y) => measured(y, unit), x, bars: null });
const only = (yes, item) => (yes ? [item] : []);

/** @returns {Chart.Plot | null} */
function seriesPlot(series) {
	const { series: columns, unit, deposits, withdrawals } = series;
	if (!columns?.ts.length) return null;
	const { ts, value, smoothed, baseline } = columns;
	const name = series.view === "rate" ? "Rate" : "Position";
	return {
		key: keyOf(series, "series"),
		title: `${name}, ${unit}`,
		summary: `${summarize(name, ts, value, unit)} ${counted(deposits.length, "deposit")}, ${counted(withdrawals.length, "withdrawal")}.`,
		...overTime(ts, unit),
		lines: [
			{ label: name.toLowerCase(), kind: "value", values: value },
			...only(smoothed, { label: "smoothed", kind: "smoothed", values: smoothed }),
			...only(baseline, { label: "trend (fit)", kind: "fit", values: baseline }),
		],
		bands: bandsAbout(series, baseline),
		levels: [],
		markers: [...flowMarkers(columns, deposits, "deposit"), ...flowMarkers(columns, withdrawals, "withdrawal")],
	};
}

/** No baseline, no bands: σ may be that of another series. The wide band first, so that the narrow one is painted over it. */
function bandsAbout({ sigma, k_times_sigma, show_sigma_band, show_k_sigma_band }, middle) {
	const band = (label, kind, half) => {
		const shifted = (by) => middle.map((y) => (y === null ? null : y + by));
		return { label, kind, low: shifted(-half), high: shifted(half) };
	};
	return [
		...(middle && show_k_sigma_band && k_times_sigma !== null ? [band("± k·σ", "wide-band", k_times_sigma)] : []),
		...(middle && show_sigma_band && sigma !== null ? [band("± σ", "narrow-band", sigma)] : []),
	];
}

/** On the line, at the flow's own time. */
function flowMarkers({ ts, value }, flows, kind) {
	return flows
		.filter((flow) => flow.ts >= ts[0] && flow.ts <= ts[ts.length - 1])
		.map((flow) => ({ label: kind, kind, x: flow.ts, y: interpolate(ts, value, flow.ts) }))
		.filter(({ y }) => y !== null);
}

function interpolate(x, y, at) {
	const next = x.findIndex((one) => one >= at);
	const [low, high] = [y[Math.max(0, next - 1)], y[next]];
	if (next === 0 || low === null || high === null) return high ?? low;
	return low + ((high - low) * (at - x[next - 1])) / (x[next] - x[next - 1]);
}

/** @returns {Chart.Plot | null} */
function residualPlot(series) {
	const { residual } = series;
	if (!residual?.ts.length) return null;
	const { ts, value, latest, thresholds, unit } = residual;
	const triggers = thresholds ? ` Triggers outside ${thresholds.map((end) => measured(end, unit)).join(" … ")}.` : "";
	return {
		key: keyOf(series, "residual"),
		title: `Residuals, ${unit}`,
		summary: summarize("Residual", ts, value, unit) + triggers,
		...overTime(ts, unit),
		lines: [{ label: "residual", kind: "value", values: value }],
		bands: [],
		levels: levels("y", series, thresholds),
		markers: latest ? [{ label: "latest", kind: "latest", x: latest.ts, y: latest.value }] : [],
	};
}

/** @returns {Chart.Plot | null} */
function densityPlot(series) {
	const { density, residual } = series;
	if (!density?.x.length) return null;
	const unit = residual?.unit ?? series.unit;
	const { x, y, histogram, latest, thresholds, sigma } = density;
	return {
		key: keyOf(series, "density"),
		title: `Density of the residuals, per ${unit}`,
		summary: `Histogram of ${counted(histogram.density.length, "bin")}; σ ${measured(sigma, unit)}, latest ${measured(latest, unit)}.`,
		timezone: null,
		formatX: (at) => measured(at, unit),
		formatY: (at) => String(Number(at.toPrecision(3))),
		x,
		lines: [{ label: "density", kind: "value", values: y }],
		bands: [],
		levels: [...levels("x", series, thresholds), ...only(latest !== null, { label: "latest", kind: "latest", axis: "x", at: [latest] })],
		markers: [],
		bars: { edges: histogram.edges, heights: histogram.density },
	};
}

/** The gate triggers at ± k·σ, or elsewhere: by a floor, or by an interval. */
function levels(axis, { sigma, k_times_sigma: band }, thresholds) {
	const same = band !== null && thresholds?.every((end) => Math.abs(Math.abs(end) - band) <= 1e-9 * band);
	return [
		...only(sigma !== null, { label: "± σ", kind: "sigma", axis, at: [-sigma, sigma] }),
		...only(band !== null, { label: same ? "± k·σ, trigger" : "± k·σ", kind: "k-sigma", axis, at: [-band, band] }),
		...only(thresholds && !same, { label: "trigger", kind: "threshold", axis, at: thresholds }),
	];
}

function summarize(name, ts, values, unit) {
	const known = values.filter((value) => value !== null);
	const low = known.reduce((least, value) => Math.min(least, value), Infinity);
	const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
	const newest = known[known.length - 1];
	return `${name} from ${time(ts[0])} to ${time(ts[ts.length - 1])}: lowest ${measured(low, unit)}, highest ${measured(high, unit)}, newest ${measured(newest, unit)}.`;
}

/** The markers as a table: what a picture cannot say to everyone. */
function showFlows(series) {
	const flows = ["deposit", "withdrawal"].flatMap((kind) => (series?.[`${kind}s`] ?? []).map((flow) => ({ kind, ...flow })));
	flows.sort((a, b) => b.ts - a.ts);
	byId("flows").hidden = flows.length === 0;
	setText(byId("flows-title"), `Deposits and withdrawals in the chart (${flows.length})`);
	reconcile(byId("flow-rows"), flows, ({ kind, ts, amount }) => `${series.asset} ${kind} ${ts} ${amount}`, makeFlow, fillFlow);
}

const makeFlow = () => makeCells("time", "", "number", "number");
const fillFlow = (row, flow) => fillCells(row, time(flow.ts), flow.kind, amount(flow.amount), usd(flow.usd));

// What do the three panels show? The series of the API as plots: value over time, its residuals, and their density.

import { byId, fillCells, makeCells, reconcile, setNote, setText } from "./dom.js";
import { amount, counted, figure, figureWithUnit, measured, time, timezone, usd } from "./format.js";
import { ROUNDING, createPanel } from "./panel.js";

const NAMES = { corrected: "Corrected position", position: "Position", rate: "Rate" };
/** A level further out than this many times the residuals is named: to scale, it would make a flat line of them. */
const FARTHEST = 2;
/** Fewer points have no density worth the name: each is shown. */
const FEW = 30;

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
	setNote(byId("charts-note"), error ? `No charts for ${asset}: ${error}` : value ? missing(value) : null);
	// Until the series of another asset or view is here the panels keep, dimmed, what they show.
	if (value === shown || (!value && !error)) return;
	shown = value;
	byId("panel-residual").classList.toggle("wide", !value?.density || isFlat(value));
	// Each in a task of its own: a slow phone answers in between.
	for (const { show, plot } of panels) setTimeout(() => shown === value && show(value ? plot(value) : null));
	byId("chart-help").hidden = !value?.series;
	showFlows(value);
}

/** Which panels have nothing to show, and why. */
function missing(series) {
	if (!series.series?.ts.length) return `No ${series.view} to draw for ${series.asset}.`;
	if (!series.residual?.ts.length) return "No residuals and no density: the points do not suffice for a fit.";
	return !series.density || isFlat(series) ? "No density: the residuals do not differ." : null;
}

const keyOf = ({ asset, view }, panel) => `${panel} ${asset} ${view}`;
const NOTHING = { area: null, bands: [], levels: [], bars: null };
const overTime = (x, unit) => ({ ...NOTHING, x, timezone: timezone(), formatX: time, formatY: (y) => measured(y, unit) });
const only = (yes, item) => (yes ? [item] : []);
const isSame = (a, b) => Math.abs(a - b) <= ROUNDING * Math.abs(a);
const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** @returns {Chart.Plot | null} */
function seriesPlot(series) {
	const { series: columns, view, unit, deposits, withdrawals } = series;
	if (!columns?.ts.length) return null;
	const { ts, value, smoothed, baseline } = columns;
	const name = NAMES[view];
	const others = [
		...only(smoothed, { label: "smoothed", kind: "smoothed", values: smoothed }),
		...only(baseline, { label: "trend (fit)", kind: "fit", values: baseline }),
	];
	const isApart = ({ values }) => values.some((y, i) => y !== null && value[i] !== null && !isSame(y, value[i]));
	const gain = gainOf(series);
	// One under another would not be seen: the legend says that they are one.
	const same = others.filter((line) => !isApart(line)).map(({ label }) => ` = ${label}`);
	const flows = `${counted(deposits.length, "deposit")}, ${counted(withdrawals.length, "withdrawal")}.`;
	return {
		key: keyOf(series, "series"),
		title: `${name}, ${unit}`,
		summary: [summarize(name, ts, value, unit), flows, ...only(gain, `${gain?.label}.`)].join(" "),
		...overTime(ts, unit),
		lines: [{ label: name.toLowerCase() + same.join(""), kind: "value", values: value }, ...others.filter(isApart)],
		area: gain,
		bands: bandsAbout(series, baseline),
		levels: view === "corrected" ? referenceLine(series.t0, ts) : [],
		markers: [...flowMarkers(columns, deposits, "deposit"), ...flowMarkers(columns, withdrawals, "withdrawal")],
	};
}

/** @returns {Chart.Area | null} */
function gainOf({ gain, t0 }) {
	if (!gain) return null;
	const kind = gain.usd < 0 ? "loss" : "gain";
	return { label: `gain since t0 ${usd(gain.usd)} USD`, kind, from: Date.parse(t0), base: gain.from_usd };
}

/** @returns {Chart.Level[]} */
function referenceLine(t0, ts) {
	if (!t0) return [];
	const at = Date.parse(t0);
	const [before, after] = [at < ts[0], at > ts[ts.length - 1]];
	const label = `${before ? "← " : ""}t0 ${time(t0)}${after ? " →" : ""}`;
	return [{ label, kind: "t0", axis: "x", at: only(!before && !after, at) }];
}

/** No baseline, no bands: σ may be that of another series. The wide band first, so that the narrow one is painted over it. */
function bandsAbout({ sigma, k_times_sigma, show_sigma_band, show_k_sigma_band }, middle) {
	const band = (label, kind, half) => {
		const shifted = (by) => middle.map((y) => (y === null ? null : y + by));
		return { label, kind, low: shifted(-half), high: shifted(half) };
	};
	const seen = (half) => middle && half > ROUNDING * largest(middle);
	return [
		...(show_k_sigma_band && seen(k_times_sigma) ? [band("± k·σ", "wide-band", k_times_sigma)] : []),
		...(show_sigma_band && seen(sigma) ? [band("± σ", "narrow-band", sigma)] : []),
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
	const triggers = thresholds ? ` Triggers outside ${thresholds.map((end) => figure(end, unit)).join(" … ")}.` : "";
	return {
		key: keyOf(series, "residual"),
		title: `Residuals, ${unit}`,
		summary: summarize("Residual", ts, value, unit) + triggers,
		...overTime(ts, unit),
		...(isFlat(series) ? {} : { formatY: (y) => figureWithUnit(y, unit) }),
		lines: [{ label: "residual", kind: "value", values: value }],
		levels: levels("y", series),
		markers: latest ? [{ ...latestOf(latest.value, series), x: latest.ts, y: latest.value }] : [],
	};
}

/** @returns {Chart.Plot | null} */
function densityPlot(series) {
	const { density, residual } = series;
	if (!density?.x.length || isFlat(series)) return null;
	const { unit } = residual;
	const { x, y, histogram, latest, sigma } = density;
	const marks = { ...overTime(x, unit), timezone: null, formatX: (at) => figureWithUnit(at, unit) };
	const figures = `σ ${figureWithUnit(sigma, unit)}, latest ${figureWithUnit(latest, unit)}.`;
	const points = residual.value.filter((r) => r !== null).sort((a, b) => a - b);
	if (points.length < FEW) {
		const label = `residual (${points.length}: too few for a density)`;
		return {
			key: keyOf(series, "points"),
			title: `Residuals side by side, ${unit}`,
			summary: `${counted(points.length, "residual")}; ${figures}`,
			...marks,
			x: points,
			lines: [],
			levels: levels("x", series),
			markers: [
				...points.map((x) => ({ label, kind: "point", x, y: 0.5 })),
				...only(latest !== null, { ...latestOf(latest, series), x: latest, y: 0.5 }),
			],
		};
	}
	return {
		key: keyOf(series, "density"),
		title: `Density of the residuals, per ${unit}`,
		summary: `Histogram of ${counted(histogram.density.length, "bin")}; ${figures}`,
		...marks,
		formatY: (at) => String(Number(at.toPrecision(3))),
		lines: [{ label: "density", kind: "value", values: y }],
		levels: [...levels("x", series), ...only(latest !== null, { ...latestOf(latest, series), axis: "x", at: [latest] })],
		markers: [],
		bars: { edges: histogram.edges, heights: histogram.density },
	};
}

/** @returns {{ label: string, kind: Chart.Kind }} */
function latestOf(value, series) {
	return { label: `latest ${isFlat(series) ? 0 : figure(value, series.residual.unit)}`, kind: "latest" };
}

/** What is smaller is rounding. */
const roundingOf = ({ series, unit, residual }) => ROUNDING * (residual.unit === unit ? largest(series.value) : 1);
const isFlat = (series) => series.residual !== null && largest(series.residual.value) <= roundingOf(series);

/**
 * What residuals are compared with, told apart by their figures. The gate triggers at ± k·σ, or elsewhere: by a floor,
 * or by an interval. What is too far away, and what is nothing, is only named.
 * @returns {Chart.Level[]}
 */
function levels(axis, series) {
	const { sigma, k_times_sigma: band, residual: { value, unit, thresholds } } = series;
	const farthest = isFlat(series) ? Infinity : FARTHEST * largest(value) * (1 + ROUNDING);
	const known = [
		...only(sigma !== null, { name: "σ", kind: "sigma", ends: [-sigma, sigma] }),
		...only(band !== null, { name: "k·σ", kind: "k-sigma", ends: [-band, band] }),
	];
	const twin = known.find(({ ends }) => thresholds?.every((end, i) => isSame(end, ends[i])));
	if (twin) twin.name += ", trigger";
	else if (thresholds) known.push({ name: "trigger", kind: "threshold", ends: thresholds });
	const [down, up] = axis === "y" ? ["↓ ", " ↑"] : ["← ", " →"];
	return known.map(({ name, kind, ends: [low, high] }) => {
		const nothing = largest([low, high]) <= roundingOf(series);
		const [below, above] = [nothing || -low > farthest, nothing || high > farthest];
		const [least, most] = [figure(low, unit), figure(high, unit) + (above ? up : "")];
		const text = nothing ? "0" : isSame(-low, high) ? `±${most}` : `${below ? down : ""}${least} … ${most}`;
		return { label: `${name} ${text}`, kind, axis, at: [...only(!below, low), ...only(!above, high)] };
	});
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

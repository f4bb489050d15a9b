// What do the three panels show? The series of the API as plots: value over time, its residuals, and their density.

import { byId, el, reconcile, setNote, setText } from "./dom.js";
import { amount, counted, measured, number, time, timezone, usd } from "./format.js";
import { createPanel } from "./panel.js";

/** @typedef {import("../../types.js").PageState} PageState */
/** @typedef {import("../../types.js").Series} Series */
/** @typedef {import("../../types.js").Marker} Flow */
/** @typedef {import("./panel.js").Plot} Plot */
/** @typedef {import("./panel.js").Marker} Marker */

/** @type {{show: (plot: Plot | null) => void, plot: (series: Series) => Plot | null}[]} */
let panels = [];

/** @type {Series | undefined} */
let shown;

export function start() {
  panels = [
    { show: createPanel(byId("panel-series")), plot: seriesPlot },
    { show: createPanel(byId("panel-residual")), plot: residualPlot },
    { show: createPanel(byId("panel-density")), plot: densityPlot },
  ];
}

/** @param {PageState} state */
export function showCharts({ series, asset, view }) {
  const { value, error } = series;
  // The panels keep what they show until the other asset's or view's series is here.
  byId("charts").setAttribute("aria-busy", String(!value && !error));
  setNote(byId("charts-note"), error ? `No charts for ${asset}: ${error}` : value && !value.series ? `No ${view} to draw for ${asset}.` : null);
  if (value === shown && !error) return;
  if (!value && !error) return;
  shown = value;
  for (const { show, plot } of panels) show(value ? plot(value) : null);
  showFlows(value);
}

/** @param {Series} series @param {string} panel */
const keyOf = ({ asset, view }, panel) => `${panel} ${asset} ${view}`;

/** @param {Series} series @returns {Plot | null} */
function seriesPlot(series) {
  const { series: columns, unit } = series;
  if (!columns || !columns.ts.length) return null;
  const { ts, value, smoothed, baseline } = columns;
  const name = series.view === "rate" ? "Rate" : "Position";
  const flows = [...flowMarkers(series, "deposit"), ...flowMarkers(series, "withdrawal")].filter(({ x }) => x >= ts[0] && x <= ts[ts.length - 1]);
  return {
    key: keyOf(series, "series"),
    title: `${name}, ${unit}`,
    summary: `${summarize(name, ts, value, unit)} ${counted(series.deposits.length, "deposit")}, ${counted(series.withdrawals.length, "withdrawal")}.`,
    timezone: timezone(),
    formatX: time,
    formatY: (y) => measured(y, unit),
    x: ts,
    lines: [
      { label: name.toLowerCase(), kind: "value", values: value },
      ...(smoothed ? [{ label: "smoothed", kind: /** @type {const} */ ("smoothed"), values: smoothed }] : []),
      ...(baseline ? [{ label: "trend (fit)", kind: /** @type {const} */ ("fit"), values: baseline }] : []),
    ],
    bands: bandsAbout(series, baseline ?? smoothed),
    levels: [],
    markers: flows,
    bars: null,
  };
}

/** The wide band first, so that the narrow one is painted over it. @param {Series} series @param {(number | null)[] | null} middle */
function bandsAbout({ sigma, k_times_sigma, show_sigma_band, show_k_sigma_band }, middle) {
  /** @param {number | null} half @param {string} label @param {"threshold" | "sigma"} kind */
  const band = (half, label, kind) => {
    if (!middle || half === null) return [];
    const shifted = (/** @type {number} */ by) => middle.map((y) => (y === null ? null : y + by));
    return [{ label, kind, low: shifted(-half), high: shifted(half) }];
  };
  return [
    ...(show_k_sigma_band ? band(k_times_sigma, "± k·σ", "threshold") : []),
    ...(show_sigma_band ? band(sigma, "± σ", "sigma") : []),
  ];
}

/** @param {Series} series @param {"deposit" | "withdrawal"} kind @returns {Marker[]} */
function flowMarkers(series, kind) {
  const { ts, value } = /** @type {NonNullable<Series["series"]>} */ (series.series);
  return flowsOf(series, kind).flatMap((flow) => {
    const y = interpolate(ts, value, flow.ts);
    return y === null ? [] : [{ label: kind, kind, x: flow.ts, y }];
  });
}

/** @param {Series} series @param {"deposit" | "withdrawal"} kind @returns {Flow[]} */
const flowsOf = (series, kind) => (kind === "deposit" ? series.deposits : series.withdrawals);

/** Linear between samples, nearest outside. @param {number[]} x @param {(number | null)[]} y @param {number} at @returns {number | null} */
function interpolate(x, y, at) {
  const next = x.findIndex((one) => one >= at);
  if (next <= 0) return y[next < 0 ? x.length - 1 : 0];
  const [low, high] = [y[next - 1], y[next]];
  if (low === null || high === null) return low ?? high;
  return low + ((high - low) * (at - x[next - 1])) / (x[next] - x[next - 1]);
}

/** @param {Series} series @returns {Plot | null} */
function residualPlot(series) {
  const { residual } = series;
  if (!residual || !residual.ts.length) return null;
  const { ts, value, latest, thresholds, unit } = residual;
  const sigma = series.density?.sigma ?? series.sigma;
  return {
    key: keyOf(series, "residual"),
    title: `Residuals, ${unit}`,
    summary: summarize("Residual", ts, value, unit) + (thresholds ? ` Triggers outside ${thresholds.map((end) => measured(end, unit)).join(" … ")}.` : ""),
    timezone: timezone(),
    formatX: time,
    formatY: (y) => measured(y, unit),
    x: ts,
    lines: [{ label: "residual", kind: "value", values: value }],
    bands: [],
    levels: levels("y", sigma === null ? null : [-sigma, sigma], thresholds),
    markers: latest ? [{ label: "latest", kind: "latest", x: latest.ts, y: latest.value }] : [],
    bars: null,
  };
}

/** @param {Series} series @returns {Plot | null} */
function densityPlot(series) {
  const { density, residual } = series;
  if (!density || !density.x.length) return null;
  const unit = residual?.unit ?? series.unit;
  const { x, y, histogram, latest, thresholds, sigma } = density;
  return {
    key: keyOf(series, "density"),
    title: `Density of the residuals, per ${unit}`,
    summary: `${counted(histogram.density.length, "bin")} of the histogram, σ ${measured(sigma, unit)}, latest ${measured(latest, unit)}.`,
    timezone: null,
    formatX: (at) => measured(at, unit),
    formatY: (at) => number(at, 5),
    x,
    lines: [{ label: "density", kind: "value", values: y }],
    bands: [],
    levels: [
      ...levels("x", sigma === null ? null : [-sigma, sigma], thresholds),
      ...(latest === null ? [] : [{ label: "latest", kind: /** @type {const} */ ("latest"), axis: /** @type {const} */ ("x"), at: [latest] }]),
    ],
    markers: [],
    bars: { edges: histogram.edges, heights: histogram.density },
  };
}

/** @param {"x" | "y"} axis @param {number[] | null} sigma @param {number[] | null} thresholds @returns {Plot["levels"]} */
const levels = (axis, sigma, thresholds) => [
  ...(sigma ? [{ label: "± σ", kind: /** @type {const} */ ("sigma"), axis, at: sigma }] : []),
  ...(thresholds ? [{ label: "trigger", kind: /** @type {const} */ ("threshold"), axis, at: thresholds }] : []),
];

/** @param {string} name @param {number[]} ts @param {(number | null)[]} values @param {string} unit */
function summarize(name, ts, values, unit) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return `${name}: no values.`;
  const [low, high] = known.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  const span = `${name} from ${time(ts[0])} to ${time(ts[ts.length - 1])}`;
  return `${span}: ${measured(low, unit)} at least, ${measured(high, unit)} at most, ${measured(known[known.length - 1], unit)} newest.`;
}

/** The markers as a table: what a chart cannot say to everyone. @param {Series | undefined} series */
function showFlows(series) {
  const flows = series ? /** @type {const} */ (["deposit", "withdrawal"]).flatMap((kind) => flowsOf(series, kind).map((flow) => ({ kind, flow }))) : [];
  flows.sort((a, b) => b.flow.ts - a.flow.ts);
  byId("flows").hidden = flows.length === 0;
  setText(byId("flows-title"), `Deposits and withdrawals in the chart (${flows.length})`);
  reconcile(byId("flow-rows"), flows, ({ kind, flow }) => `${kind} ${flow.ts} ${flow.amount}`, ({ kind, flow }) =>
    el("tr", {},
      el("td", { class: "time" }, time(flow.ts)),
      el("td", {}, kind),
      el("td", { class: "number" }, amount(Math.abs(flow.amount))),
      el("td", { class: "number" }, usd(flow.usd === null ? null : Math.abs(flow.usd)))));
}

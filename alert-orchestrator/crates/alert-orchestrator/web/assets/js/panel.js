// How is one chart drawn, read and zoomed? A figure with title, legend, plot, readout and a summary in words.
//
// Start at [createPanel]. uPlot draws lines, axes and the cursor; what it has no word for is in paint.js.

import { byId, el, reconcile, setText } from "./dom.js";
import { number } from "./format.js";
import { MARKER_PX, STYLES, colour, forgetColours, paintArea, paintBars, paintOver } from "./paint.js";

const HOUR_MS = 3_600_000;
/** Shares of the ranges left free at either end. */
const PAD = 0.015;
const MARGIN = 0.06;
/** A smaller share of a value, or of what it was taken of, is rounding. */
export const ROUNDING = 1e-9;

// 24 hours, and day before month, as operators write them; the second line where the day or year changes.
const TIME_LABELS = [
	[365 * 24 * HOUR_MS, "{YYYY}"],
	[28 * 24 * HOUR_MS, "{MMM}", "\n{YYYY}"],
	[24 * HOUR_MS, "{D} {MMM}", "\n{YYYY}"],
	[60_000, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", "\n{D} {MMM}"],
	[1, "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", "\n{D} {MMM}"],
].map(([step, text, year = null, day = null]) => [step, text, year, null, day, null, null, null, 1]);

/** Fills a figure, and returns what shows a plot in it. @param {HTMLElement} figure */
export function createPanel(figure) {
	const title = el("h3");
	const legend = el("ul", { class: "legend" });
	const readout = el("output", { class: "readout" });
	// What the picture shows, for those who do not see it.
	const summary = el("figcaption", { class: "visually-hidden", id: `${figure.id}-summary` });
	const area = el("div", { class: "plot", tabindex: "0", role: "group", "aria-describedby": summary.id });
	const panel = new Panel(area, readout);
	const tools = el(
		"div",
		{ class: "tools", role: "group", "aria-label": "Zoom" },
		tool("−", "Zoom out", () => panel.zoomBy(2)),
		tool("+", "Zoom in", () => panel.zoomBy(0.5)),
		tool("All", "Show all, reset zoom", () => panel.reset()),
	);
	figure.append(el("div", { class: "title-row" }, title, tools), legend, area, readout, summary);

	return (plot) => {
		figure.hidden = plot === null;
		if (!plot) return panel.clear();
		setText(title, plot.title);
		area.setAttribute("aria-label", `${plot.title}, chart`);
		setText(summary, plot.summary);
		const shaded = plot.area ? [plot.area] : [];
		const named = [...plot.lines, ...shaded, ...plot.bands, ...plot.levels, ...distinct(plot.markers)];
		reconcile(legend, named, ({ label }) => label, ({ label }) => el("li", {}, el("i", { "aria-hidden": "true" }), label),
			(item, one) => (item.className = `key ${one.kind}${"x" in one ? " spot" : ""}`));
		panel.show(plot);
	};
}

function tool(text, name, act) {
	const button = el("button", { "aria-label": name }, text);
	button.addEventListener("click", act);
	return button;
}

const distinct = (markers) => markers.filter((marker, i) => markers.findIndex(({ kind }) => kind === marker.kind) === i);

class Panel {
	/** @type {any} */ #chart = null;
	/** @type {Chart.Plot | null} */ #plot = null;
	/** @type {[number, number]} */ #full = [0, 1];
	/** @type {[number, number] | null} what the user zoomed to */ #zoom = null;
	#area;
	#readout;

	constructor(area, readout) {
		this.#area = area;
		this.#readout = readout;
		new ResizeObserver(() => this.#chart?.setSize(this.#size())).observe(area);
		const repaint = () => {
			forgetColours();
			this.#chart?.redraw();
		};
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
		for (const node of [document.body, byId("main")]) new MutationObserver(repaint).observe(node, { attributeFilter: ["class"] });
		area.addEventListener("keydown", (event) => this.#key(event));
		area.addEventListener("focus", () => (readout.ariaLive = "polite"));
		area.addEventListener("blur", () => (readout.ariaLive = "off"));
	}

	clear() {
		this.#chart?.destroy();
		this.#chart = this.#plot = this.#zoom = null;
	}

	show(plot) {
		// Lines cannot be added to a chart once it is made; their number changes only with what is shown.
		const shape = ({ key, lines, bands }) => `${key} ${lines.length} ${bands.length}`;
		const same = this.#plot !== null && shape(this.#plot) === shape(plot);
		if (this.#plot?.key !== plot.key) this.#zoom = null;
		this.#plot = plot;
		this.#full = fullRange(plot);
		if (same) {
			this.#chart.setData(columns(plot), false);
		} else {
			this.#chart?.destroy();
			this.#chart = new uPlot(this.#options(plot), columns(plot), this.#area);
		}
		this.#range(this.#zoom ?? this.#full);
		this.#read();
	}

	reset() {
		this.#range(this.#full);
	}

	zoomBy(factor) {
		if (!this.#chart) return;
		const { min, max } = this.#chart.scales.x;
		const at = this.#index();
		const middle = at === null ? (min + max) / 2 : this.#chart.data[0][at];
		const low = Math.max(this.#full[0], middle - (middle - min) * factor);
		const high = Math.min(this.#full[1], middle + (max - middle) * factor);
		this.#range([low, high]);
	}

	#range([min, max]) {
		if (max > min) this.#chart?.setScale("x", { min, max });
	}

	#size() {
		return { width: this.#area.clientWidth, height: this.#area.clientHeight };
	}

	#index() {
		return this.#chart.cursor.idx ?? null;
	}

	#key(event) {
		if (!this.#chart || event.ctrlKey || event.altKey || event.metaKey) return;
		const step = event.shiftKey ? 10 : 1;
		const last = this.#chart.data[0].length - 1;
		const at = this.#index() ?? last;
		const actions = {
			ArrowLeft: () => this.#moveTo(at - step),
			ArrowRight: () => this.#moveTo(at + step),
			Home: () => this.#moveTo(0),
			End: () => this.#moveTo(last),
			"+": () => this.zoomBy(0.5),
			"-": () => this.zoomBy(2),
			0: () => this.reset(),
		};
		const action = actions[event.key];
		if (!action) return;
		event.preventDefault();
		action();
	}

	#moveTo(index) {
		const chart = this.#chart;
		const x = chart.data[0][Math.max(0, Math.min(index, chart.data[0].length - 1))];
		if (x < chart.scales.x.min || x > chart.scales.x.max) this.reset();
		// The scale is set in a microtask; the position depends on it.
		queueMicrotask(() => chart.setCursor({ left: chart.valToPos(x, "x"), top: chart.bbox.height / devicePixelRatio / 2 }));
	}

	/** Says what is under the cursor, or the newest point. */
	#read() {
		const plot = this.#plot;
		if (!plot || !this.#chart) return;
		const at = this.#index() ?? (plot.timezone ? plot.x.length - 1 : null);
		if (at === null || plot.x[at] === undefined) return setText(this.#readout, "");
		const parts = plot.lines.flatMap(({ label, values }) => {
			const value = values[at] ?? null;
			return value === null ? [] : [`${label} ${plot.formatY(value)}`];
		});
		const [above, { area }] = [plot.lines[0]?.values[at] ?? null, plot];
		if (area && above !== null && plot.x[at] >= area.from) parts.push(`gain ${plot.formatY(above - area.base)}`);
		const near = plot.markers.filter(({ x }) => Math.abs(this.#chart.valToPos(x, "x") - this.#chart.valToPos(plot.x[at], "x")) < MARKER_PX);
		const flows = plot.timezone ? near.filter(({ kind }) => kind !== "latest").map(({ label }) => label) : [];
		setText(this.#readout, [plot.formatX(plot.x[at]), ...parts, ...flows].join(" · "));
	}

	#options(plot) {
		const rule = { stroke: () => colour("--line"), width: 1 };
		const axis = { stroke: () => colour("--muted"), grid: rule, ticks: rule, font: "12px system-ui, sans-serif" };
		const zone = plot.timezone;
		const zoned = { ms: 1, tzDate: (ts) => uPlot.tzDate(new Date(ts), zone) };
		return {
			...this.#size(),
			...(zone ? zoned : {}),
			legend: { show: false },
			scales: {
				x: { time: zone !== null, range: (_chart, min, max) => this.#remember(min, max) },
				y: { range: (_chart, low, high) => this.#rangeY(low, high) },
			},
			axes: [
				{ ...axis, ...(zone ? { values: TIME_LABELS } : { values: labels }), space: 70 },
				{ ...axis, show: plot.lines.length > 0, values: labels, size: (_chart, texts) => 16 + 7 * Math.max(0, ...(texts ?? []).map((text) => text.length)) },
			],
			series: [{}, ...plot.bands.flatMap(() => [{ width: 0, points: { show: false } }, { width: 0, points: { show: false } }]), ...plot.lines.map(lineOptions)],
			bands: plot.bands.map((band, i) => ({ series: [2 * i + 1, 2 * i + 2], fill: () => colour(`--chart-${band.kind}`) })),
			cursor: {
				y: false,
				drag: { x: true, y: false },
				points: { size: 7 },
				bind: { dblclick: () => () => this.reset() },
			},
			hooks: {
				drawClear: [(chart) => paintBars(chart, this.#plot), (chart) => paintArea(chart, this.#plot)],
				draw: [(chart) => paintOver(chart, this.#plot)],
				setCursor: [() => this.#read()],
			},
		};
	}

	/** uPlot asks for this range before that of y, which depends on it. @returns {[number, number]} */
	#remember(min, max) {
		const whole = min <= this.#full[0] && max >= this.#full[1];
		this.#zoom = whole ? null : [min, max];
		this.#area.dataset.zoomed = String(!whole);
		return [min, max];
	}

	/** Leaves room for what is not a line; not for the foot of an area that is looked at closely. @param {number | null} low @param {number | null} high @returns {[number, number]} */
	#rangeY(low, high) {
		const plot = /** @type {Chart.Plot} */ (this.#plot);
		const levels = plot.levels.filter(({ axis }) => axis === "y").flatMap(({ at }) => at);
		const foot = plot.area && !this.#zoom ? [plot.area.base] : [];
		const seen = [low, high, ...levels, ...foot, ...(plot.bars ? [0, ...plot.bars.heights] : [])].filter((y) => y !== null);
		if (!seen.length) return [0, 1];
		const [bottom, top] = [Math.min(...seen), Math.max(...seen)];
		const size = Math.max(Math.abs(top), Math.abs(bottom));
		const margin = top - bottom > size * ROUNDING ? (top - bottom) * MARGIN : size * 1e-4 || 1;
		return [plot.bars ? 0 : bottom - margin, top + margin];
	}
}

function lineOptions({ label, kind }) {
	const { colour: property, dash, width } = STYLES[kind];
	return { label, stroke: () => colour(property), dash, width, points: kind === "value" ? { size: 4 } : { show: false } };
}

/** x, then the ends of bands, then lines: the order of the series. @param {Chart.Plot} plot */
const columns = ({ x, bands, lines }) => [x, ...bands.flatMap(({ high, low }) => [high, low]), ...lines.map(({ values }) => values)];

/** @param {Chart.Plot} plot @returns {[number, number]} */
function fullRange({ x, levels, bars, timezone }) {
	const seen = [x[0], x[x.length - 1], ...levels.filter(({ axis }) => axis === "x").flatMap(({ at }) => at), ...(bars?.edges ?? [])];
	const known = seen.filter((value) => value !== undefined);
	if (!known.length) return [0, 1];
	const [low, high] = [Math.min(...known), Math.max(...known)];
	const pad = (high - low) * PAD || (timezone ? HOUR_MS : Math.abs(high) * PAD || 1);
	return [low - pad, high + pad];
}

/** With as many digits as the step between them has: 0.25 is not 0.3. */
function labels(_chart, splits) {
	const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
	const isWhole = (x) => Math.abs(x - Math.round(x)) < 1e-3 * x;
	let digits = 0;
	while (digits < 20 && !isWhole(step * 10 ** digits)) digits++;
	return splits.map((value) => number(value, digits));
}

// What does a chart show besides lines? Levels across the plot, bars and an area behind the lines, markers on top of them.

import { byId } from "./dom.js";

/** Colour (a custom property of page.css) and dashes by kind. */
export const STYLES = {
	value: { colour: "--chart-value", width: 1.75 },
	smoothed: { colour: "--chart-smoothed", dash: [7, 4], width: 1.75 },
	fit: { colour: "--muted", dash: [2, 3], width: 1.5 },
	sigma: { colour: "--chart-smoothed", dash: [7, 4], width: 1.25 },
	"k-sigma": { colour: "--chart-bad", dash: [7, 4], width: 1.25 },
	threshold: { colour: "--chart-bad", dash: [2, 3], width: 2 },
	t0: { colour: "--text", dash: [1, 2], width: 1.75 },
	latest: { colour: "--chart-bad", width: 1.75 },
	point: { colour: "--chart-value", width: 1 },
	deposit: { colour: "--chart-good", width: 1 },
	withdrawal: { colour: "--chart-bad", width: 1 },
};

/** Half the size of a marker, CSS pixels. */
export const MARKER_PX = 6;

/** Asking for a colour lays out all that has changed, so each is asked for once. @type {Map<string, string>} */
const read = new Map();

export function colour(property) {
	const value = read.get(property) ?? getComputedStyle(byId("charts")).getPropertyValue(property).trim();
	read.set(property, value);
	return value;
}

/** For another colour scheme, or for figures that are in doubt now. */
export const forgetColours = () => read.clear();

/** @param {Chart.Plot | null} plot */
export function paintBars(chart, plot) {
	if (!plot?.bars) return;
	const { edges, heights } = plot.bars;
	clipped(chart, (context) => {
		context.fillStyle = colour("--chart-bars");
		heights.forEach((height, i) => {
			const [left, right] = [edges[i], edges[i + 1]].map((x) => chart.valToPos(x, "x", true));
			const [bottom, top] = [0, height].map((y) => chart.valToPos(y, "y", true));
			context.fillRect(left + 0.5, top, Math.max(1, right - left - 1), bottom - top);
		});
	});
}

/** Gains lie above the base, losses below. @param {Chart.Plot | null} plot */
export function paintArea(chart, plot) {
	if (!plot?.area) return;
	const { from, base } = plot.area;
	const { left, top, width, height } = chart.bbox;
	const ground = chart.valToPos(base, "y", true);
	for (const [property, high, low] of [["--chart-gain", top, ground], ["--chart-loss", ground, top + height]]) {
		clipped(chart, (context) => {
			context.beginPath();
			context.rect(left, high, width, low - high);
			context.clip();
			context.fillStyle = context.strokeStyle = colour(property);
			context.lineWidth = MARKER_PX * devicePixelRatio;
			for (const run of runs(plot.x, plot.lines[0].values, from)) {
				context.beginPath();
				for (const [x, y] of run) context.lineTo(chart.valToPos(x, "x", true), chart.valToPos(y, "y", true));
				for (const [x] of [run[run.length - 1], run[0]]) context.lineTo(chart.valToPos(x, "x", true), ground);
				context.fill();
				if (run.length === 1) context.stroke(); // a point has no area
			}
		});
	}
}

/** The points from an instant on, parted where one is missing. */
function runs(xs, ys, from) {
	/** @type {[number, number][][]} */
	const found = [[]];
	xs.forEach((x, i) => {
		const y = ys[i];
		if (x < from) return;
		if (y === null) found.push([]);
		else found[found.length - 1].push([x, y]);
	});
	return found.filter((run) => run.length);
}

/** @param {Chart.Plot | null} plot */
export function paintOver(chart, plot) {
	if (!plot) return;
	clipped(chart, (context) => {
		for (const { kind, axis, at } of plot.levels) {
			stroke(context, kind);
			for (const value of at) level(context, chart, axis, value);
		}
		for (const { kind, x, y } of plot.markers) {
			marker(context, kind, chart.valToPos(x, "x", true), chart.valToPos(y, "y", true));
		}
	});
}

/** Paints inside the plot's frame only. @param {any} chart @param {(context: CanvasRenderingContext2D) => void} paint */
function clipped({ ctx, bbox }, paint) {
	ctx.save();
	ctx.beginPath();
	ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
	ctx.clip();
	paint(ctx);
	ctx.restore();
}

function stroke(context, kind) {
	const { colour: property, dash, width } = STYLES[kind];
	context.strokeStyle = colour(property);
	context.lineWidth = width * devicePixelRatio;
	context.setLineDash((dash ?? []).map((length) => length * devicePixelRatio));
}

function level(context, chart, axis, value) {
	const { left, top, width, height } = chart.bbox;
	const at = chart.valToPos(value, axis, true);
	context.beginPath();
	context.moveTo(axis === "x" ? at : left, axis === "x" ? top : at);
	context.lineTo(axis === "x" ? at : left + width, axis === "x" ? top + height : at);
	context.stroke();
}

/** A deposit points up, a withdrawal down, a residual is round. */
function marker(context, kind, x, y) {
	const size = MARKER_PX * devicePixelRatio;
	const down = kind === "deposit" ? 1 : -1;
	context.beginPath();
	if (kind === "latest" || kind === "point") {
		context.arc(x, y, size * 0.75, 0, 2 * Math.PI);
	} else {
		context.moveTo(x, y - down * size);
		context.lineTo(x + size, y + down * size);
		context.lineTo(x - size, y + down * size);
		context.closePath();
	}
	context.fillStyle = colour(STYLES[kind].colour);
	context.fill();
	context.lineWidth = devicePixelRatio;
	context.setLineDash([]);
	context.strokeStyle = colour("--card");
	context.stroke();
}

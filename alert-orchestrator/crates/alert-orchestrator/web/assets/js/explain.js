// How was this decision made? The figures behind those that the cards show. Nothing is computed here.

import { address } from "./copy.js";
import { byId, el, prose, setNote } from "./dom.js";
import { abbreviate, amount, counted, figureWithUnit, number, readable, time, usd } from "./format.js";
import { pegSentence, unitOf } from "./gate.js";

/** @type {Api.Explanation | undefined} */
let shown;

/** @param {Page.Shown} state */
export function showExplain({ explain }) {
	setNote(byId("explain-note"), explain.error ? `The figures could not be read: ${explain.error}` : null);
	if (explain.value === shown) return;
	shown = explain.value;
	byId("explain-steps").replaceChildren(...(shown ? steps(shown) : []));
}

function steps(advice) {
	return [
		advice.decision === -1 ? null : step("In short", prose("p", readable(advice.summary[0]))),
		step("Reference", ...reference(advice)),
		advice.wallets.length ? step("Gain and limit per wallet", walletTable(advice), flowList(advice.wallets)) : null,
		advice.gate ? step("Residual gate", ...gate(advice.gate, advice.gate_applied)) : null,
		advice.peg ? step("Peg", line(pegSentence(advice.peg))) : null,
	].filter((part) => part !== null);
}

const step = (title, ...parts) => el("section", {}, el("h3", {}, title), ...parts);

const line = (text) => el("p", {}, text);

function reference({ t0, t1, ref_mode, reference, as_of }) {
	return [
		line(t0 ? `t0 = ${time(t0)} (${ref_mode})` : `No reference (${ref_mode}).`),
		...(reference ? [line(reference)] : []),
		line(`t1 = ${time(t1)}, newest sample at the evaluation of ${time(as_of)}`),
	];
}

const COLUMNS = ["Wallet", "Value at t0", "Newest value", "Deposits", "Withdrawals", "Untagged", "Gain", "Limit"];

function walletTable({ wallets, totals, safety_factor }) {
	const head = COLUMNS.map((name, i) => el("th", { scope: "col", ...(i ? { class: "number" } : {}) }, name));
	const table = el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...wallets.map(walletRow)));
	if (totals) {
		const label = el("th", { scope: "row" }, "All wallets");
		table.append(el("tfoot", {}, el("tr", {}, label, ...figures(totals))));
	}
	const rule = line(
		`Gain = newest value − value at t0 − deposits + withdrawals. Limit = min(${safety_factor} × max(0, gain), max(0, gain − untagged), newest value), before anything holds. All in USD.`,
	);
	const scroll = el("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Gain and limit per wallet" }, table);
	return el("div", {}, rule, scroll);
}

function walletRow(wallet) {
	const stale = wallet.stale ? " (stale: limit 0)" : "";
	const name = el("th", { scope: "row" }, address(wallet.address, abbreviate(wallet.address)), stale);
	return el("tr", {}, name, ...figures(wallet));
}

function figures({ baseline_usd, newest_usd, deposits_usd, withdrawals_usd, untagged_usd, gain_usd, limit_usd }) {
	return [baseline_usd, newest_usd, deposits_usd, withdrawals_usd, untagged_usd, gain_usd, limit_usd].map((value) =>
		el("td", { class: "number" }, usd(value)),
	);
}

function flowList(wallets) {
	const flows = wallets.flatMap((wallet) => wallet.flows.map((flow) => ({ flow, wallet: wallet.address })));
	if (!flows.length) return line("No deposits or withdrawals since t0.");
	const items = flows.map(({ flow, wallet }) => el("li", {}, flowLine(flow, wallet)));
	return el("details", {}, el("summary", {}, `${counted(flows.length, "flow")} since t0`), el("ul", {}, ...items));
}

function flowLine(flow, wallet) {
	const valued = flow.price_usd === null ? "" : `${amount(flow.amount)} × ${number(flow.price_usd, 6)} USD = `;
	const counts = flow.effective_at === flow.at ? "" : `, counted at ${time(flow.effective_at)}`;
	const mark = flow.mark ? `, marked as ${flow.mark}` : "";
	const hash = flow.tx_hash ? `, tx ${flow.tx_hash}` : "";
	return `${time(flow.at)} ${flow.direction} ${valued}${usd(flow.usd)} USD, ${abbreviate(wallet)}${counts}${mark}${hash}`;
}

function gate(gate, applied) {
	const said = (value) => figureWithUnit(value, unitOf(gate));
	const series = gate.basis === "change_rate_usd" ? "price" : "corrected position";
	const lines = [`${counted(gate.points, "point")} of the ${series} since ${time(gate.window_start)}, fit by ${fitName(gate)}.`];
	if (gate.fit) lines.push(fitFormula(gate.fit));
	if (gate.newest_value !== null && gate.residual !== null) {
		const fitted = gate.newest_value - gate.residual;
		lines.push(`r(t1) = ${said(gate.newest_value)} − ${said(fitted)} = ${said(gate.residual)}`);
	}
	if (gate.sigma !== null) {
		lines.push(`k·σ = ${number(gate.k_sigma, 2)} × ${said(gate.sigma)} = ${said(gate.k_times_sigma)}`);
	}
	lines.push(`Floors: ${gate.epsilon_floor} and ${said(gate.bps_floor)}. Triggers above ${said(gate.threshold)}.`);
	if (gate.interval) lines.push(`Central interval: ${gate.interval.map(said).join(" … ")}`);
	lines.push(`Verdict: ${verdict(gate)}${applied ? "" : "; the gate is not applied to this asset"}.`);
	return lines.map(line);
}

const fitName = ({ baseline }) => (baseline === "median" ? "their median" : `a polynomial of order ${baseline.polynomial}`);

function fitFormula({ centre, scale_seconds, coefficients }) {
	if (coefficients.length === 1) return `Fit = ${number(coefficients[0], 6)}`;
	const term = (c, power) => {
		const sign = c < 0 ? "−" : "+";
		return `${power ? ` ${sign} ` : c < 0 ? "−" : ""}${number(Math.abs(c), 6)}${["", "·u"][power] ?? `·u^${power}`}`;
	};
	return `Fit = ${coefficients.map(term).join("")}, u = (t − ${time(centre)}) / ${amount(scale_seconds / 86_400)} days`;
}

function verdict({ verdict, points, scattered }) {
	if (typeof verdict === "object") return `too few points to judge (${points} < ${verdict.insufficient.needed})`;
	if (scattered) return `σ too large to judge: look at ${time(scattered.furthest.at)}`;
	return verdict === "triggered" ? "TRIGGERED" : "not triggered";
}

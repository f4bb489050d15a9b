// Is the market calm enough? The residual gate and the peg of the selected asset.

import { byId, setNote, showFlag, write } from "./dom.js";
import { figureWithUnit, named, number } from "./format.js";

/** @param {Api.Gate | null | undefined} gate */
export const unitOf = (gate) => (gate?.basis === "change_rate_usd" ? "USD per unit" : "USD");

/** @param {Page.Shown} state */
export function showGate({ decision, explain }) {
	const gate = explain.value?.gate ?? null;
	// Known to have nothing to say, not only not asked yet.
	byId("gate").hidden = decision.decision === -1 || Boolean(explain.value && !gate && !explain.value.peg);
	const unit = unitOf(gate);
	// Of a position or of a price? Only the explanation knows.
	const own = (figure) => figureWithUnit(gate && figure, unit);
	showFlag("gate-verdict", verdict(decision, gate));
	write({
		"gate-applied": applied(decision),
		residual: own(decision.residual_usd),
		sigma: own(decision.sigma_usd),
		k: number(decision.k_sigma, 2),
		"k-sigma": figureWithUnit(gate?.k_times_sigma, unit),
		threshold: gate ? threshold(gate, unit) : "–",
		"gate-points": number(gate?.points, 0),
	});
	setNote(byId("gate-sentence"), sentence(gate));
	setNote(byId("peg"), explain.value?.peg ? pegSentence(explain.value.peg) : null);
}

function verdict({ residual_trigger }, gate) {
	if (residual_trigger === 1) return { kind: "bad", word: "TRIGGERED" };
	if (gate?.scattered) return { kind: "none", word: "σ too large to judge" };
	if (residual_trigger === 0) return { kind: "good", word: "not triggered" };
	return { kind: "none", word: gate ? "too few points to judge" : "not computed" };
}

function applied({ gate_applied }) {
	return gate_applied ? "applied: a triggered gate holds" : "not applied to this asset: shown only, it does not hold";
}

function threshold({ interval, threshold }, unit) {
	if (!interval) return figureWithUnit(threshold, unit);
	return `${figureWithUnit(threshold, unit)}, outside ${figureWithUnit(interval[0], unit)} … ${figureWithUnit(interval[1], unit)}`;
}

/** In percentile mode the threshold is only the floor, and nothing can be said beside it. @param {Api.Gate | null} gate */
function sentence(gate) {
	if (!gate || gate.interval || gate.scattered || gate.residual === null || !gate.threshold) return null;
	const unit = unitOf(gate);
	const size = Math.abs(gate.residual);
	const lies = `The newest value lies ${figureWithUnit(size, unit)} ${gate.residual < 0 ? "below" : "above"} its trend`;
	const tolerated = `${figureWithUnit(gate.threshold, unit)} that are tolerated`;
	if (size <= gate.threshold) return `${lies}, within the ${tolerated}.`;
	return `${lies}: ${number(size / gate.threshold, 1)} times the ${tolerated}.`;
}

/** @param {Api.Peg} peg */
export function pegSentence(peg) {
	const distance = `${number(peg.deviation_bps, 1)} bps from ${number(peg.target_usd, 4)} USD, ${number(peg.max_deviation_bps, 0)} allowed`;
	return `${peg.off_peg ? "OFF PEG" : "On its peg"}: ${number(peg.price_usd, 6)} USD (${named(peg.source)}), ${distance}.`;
}

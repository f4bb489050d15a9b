// When was this computed, and can it be trusted? Times of evaluations, and banners for what puts the figures in doubt.

import { byId, el, reconcile, setText, write } from "./dom.js";
import { ago, readable, time, timezone, useTimezone } from "./format.js";

/** An evaluation may be this late before the page says so. */
const GRACE_SECONDS = 30;

/** Banners beside which no figure is of now, so that nothing is green. */
const PAST = ["unreachable", "failure", "as-of", "overdue"];

/** Server's clock less this computer's, milliseconds: ages must not depend on a clock that is wrong here. */
let skewMs = 0;

/** @param {Api.Status} status */
export function synchronize(status) {
	skewMs = Date.parse(status.now) - Date.now();
	useTimezone(status.timezone);
}

const serverNow = () => Date.now() + skewMs;

/** How long ago that is on the server's clock. @param {string | null} instant */
export const age = (instant) => (instant ? ago((Date.parse(instant) - serverNow()) / 1000) : "–");

/** @param {Page.State} state */
export function showStatus(state) {
	const { status } = state;
	if (status) {
		write({
			timezone: timezone(),
			version: `Alert Orchestrator ${status.version}`,
			"last-evaluation": withAge(status.last_evaluation),
			"next-evaluation": withAge(status.next_evaluation),
		});
	}
	const now = banners(state);
	document.body.classList.toggle("doubt", !isOfNow(state));
	reconcile(
		byId("banners"),
		now,
		({ key }) => key,
		({ kind }) => el("p", { class: `banner ${kind}` }),
		(node, { kind, text }) => {
			node.className = `banner ${kind}`;
			setText(node, text);
		},
	);
}

/** Whether figures are of now. @param {Page.State} state */
export const isOfNow = (state) => !banners(state).some(({ key }) => PAST.includes(key));

/** Whether they are the last that the server gave. @param {Page.State} state */
export const isLost = ({ unreachableSince, failure }) => unreachableSince !== null || failure !== null;

/** Of which past date they are; nothing where they are of none. @param {Page.State} state */
export const pastDate = ({ status }) => (status?.as_of ? `as of ${time(status.as_of)}` : "");

function withAge(instant) {
	if (!instant) return "–";
	return `${time(instant)} (${age(instant)})`;
}

function banners(state) {
	const all = [unreachable, failure, asOf, overdue, staleData, store, unknown].map((banner) => banner(state));
	return all.filter((banner) => banner !== null);
}

function unreachable({ unreachableSince, status, autorefresh }) {
	if (unreachableSince === null) return null;
	const figures = status?.last_evaluation ? `Figures below are the last known, evaluated ${time(status.last_evaluation)}. ` : "";
	const next = autorefresh ? "Trying again every 10 s." : "Press Refresh now to try again.";
	return { key: "unreachable", kind: "bad", text: `Server unreachable since ${time(unreachableSince)}. ${figures}${next}` };
}

function failure(state) {
	return state.failure ? { key: "failure", kind: "bad", text: `${state.failure}. Figures below are the last known.` } : null;
}

function asOf({ status }) {
	if (!status?.as_of) return null;
	return { key: "as-of", kind: "info", text: `As of ${time(status.as_of)} ${timezone()}. A past date is configured: this is not the present market.` };
}

function overdue({ status, unreachableSince }) {
	if (!status?.last_evaluation || unreachableSince !== null) return null;
	const late = status.next_evaluation ? (serverNow() - Date.parse(status.next_evaluation)) / 1000 : 0;
	const age = (serverNow() - Date.parse(status.last_evaluation)) / 1000;
	const allowed = GRACE_SECONDS + 2 * (status.evaluation_seconds ?? 0);
	if (late <= allowed && age <= 2 * status.interval_seconds + allowed) return null;
	const text = `Figures are stale: the next evaluation is overdue. The last one was at ${time(status.last_evaluation)}.`;
	return { key: "overdue", kind: "warn", text };
}

function staleData({ decision, asset }) {
	if (decision?.reason?.code !== "stale_data") return null;
	return { key: "stale-data", kind: "warn", text: `Data are stale. ${asset}: ${readable(decision.reason.message)}` };
}

function store({ status }) {
	if (!status || status.store.ok) return null;
	return { key: "store", kind: "bad", text: `The store does not answer: ${status.store.detail ?? "no detail"}` };
}

function unknown({ unknownAsset, asset }) {
	if (unknownAsset === null) return null;
	return { key: "unknown", kind: "warn", text: `${unknownAsset} is not among the evaluated assets. Showing ${asset}.` };
}

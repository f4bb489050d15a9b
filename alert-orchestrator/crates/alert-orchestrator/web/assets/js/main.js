// The page: one state, filled by the API and drawn by one module per section. Start here.
//
// Every 10 s it asks for the status and the decisions; the rest only where an evaluation, the asset or the view is new.
// Sections keep their elements, so a refresh loses neither zoom nor scroll, focus or open panels.

import * as api from "./api.js";
import * as charts from "./charts.js";
import * as decision from "./decision.js";
import { byId, el, reconcile, setText } from "./dom.js";
import { showExplain } from "./explain.js";
import { showGate } from "./gate.js";
import * as history from "./history.js";
import * as overview from "./overview.js";
import { showPrices } from "./prices.js";
import * as references from "./references.js";
import * as route from "./route.js";
import { isLost, showStatus, synchronize } from "./status.js";
import * as tooltip from "./tooltip.js";
import * as wallets from "./wallets.js";

const REFRESH_MS = 10_000;
/** The first evaluation takes seconds, and somebody is looking. */
const WAITING_MS = 2_000;
const AGES_MS = 1_000;
/** Nothing is known of an asset in error, and asking for it would only fail. */
const NO_SERIES = { error: "the asset is in error." };

/** @type {Page.State} */
const state = {
	status: null,
	decisions: null,
	asset: null,
	decision: null,
	view: "corrected",
	unknownAsset: null,
	autorefresh: true,
	unreachableSince: null,
	failure: null,
	waiting: false,
	series: {},
	explain: {},
	history: {},
	withdrawals: {},
};

let timer;
/** What the details were loaded for, and whether all of them came. */
let loadedFor = "";
let running = false;
let again = false;

/** Asks for everything that may have changed, one round at a time; a wish during a round is met after it. */
async function refresh() {
	again = running;
	if (running) return;
	running = true;
	clearTimeout(timer);
	await round();
	running = false;
	if (again) return refresh();
	if (state.autorefresh) timer = setTimeout(refresh, state.waiting ? WAITING_MS : REFRESH_MS);
}

async function round() {
	try {
		const status = await unlessWaiting(api.status());
		const decisions = status?.last_evaluation ? await unlessWaiting(api.decisions()) : null;
		if (status) synchronize(status);
		state.status = status ?? state.status;
		state.waiting = !decisions && !state.decisions;
		// After a restart of the server there are none for a moment; the old ones must not look new.
		state.failure = !decisions && state.decisions ? "The server has not finished its first evaluation" : null;
		state.decisions = decisions ?? state.decisions;
		state.unreachableSince = null;
		chooseAsset();
		draw();
		await loadDetails();
	} catch (error) {
		if (error instanceof api.Refused) state.failure = `The server refused: ${error.message}`;
		else state.unreachableSince ??= Date.now();
	}
	draw();
}

/** Before the first evaluation there are no figures. @template T @param {Promise<T>} answer @returns {Promise<T | null>} */
async function unlessWaiting(answer) {
	try {
		return await answer;
	} catch (error) {
		if (error instanceof api.Refused && error.status === 503) return null;
		throw error;
	}
}

/** The asset of the address where it is evaluated, else the first. */
function chooseAsset() {
	const names = Object.keys(state.decisions ?? {}).sort();
	const asked = route.read().asset;
	const known = asked !== null && names.includes(asked);
	state.unknownAsset = known || asked === null || !names.length ? null : asked;
	const asset = known ? asked : (names[0] ?? null);
	if (asset !== state.asset) forgetDetails();
	state.asset = asset;
	state.decision = asset === null ? null : (state.decisions?.[asset] ?? null);
}

/** Figures of one asset must not stand under the name of another. */
function forgetDetails() {
	Object.assign(state, { series: {}, explain: {}, history: {}, withdrawals: {} });
	loadedFor = "";
}

/** Each answer is shown as it comes: the store may hang. A mark changes a decision, too. */
async function loadDetails() {
	const { asset, view, status } = state;
	if (!asset) return;
	const wanted = `${asset} ${view} ${status?.last_evaluation} ${JSON.stringify(state.decision)}`;
	if (wanted === loadedFor) return;
	const isWanted = () => asset === state.asset && view === state.view;
	const show = async (name, answer) => {
		const got = await answer;
		// The user may have gone on to another asset or view meanwhile.
		if (isWanted()) state[name] = got;
		draw();
		return got;
	};
	const all = await Promise.all([
		show("series", state.decision?.decision === -1 ? NO_SERIES : settled(api.series(asset, view))),
		show("explain", settled(api.explain(asset))),
		show("history", settled(api.history(asset, history.since()))),
		show("withdrawals", settled(api.withdrawals(asset))),
	]);
	if (isWanted()) loadedFor = all.some((got) => got.error && got !== NO_SERIES) ? "" : wanted;
}

const settled = (answer) => answer.then((value) => ({ value }), (error) => ({ error: error.message }));

function draw() {
	// Cards come with their figures, so that nothing jumps.
	document.body.classList.toggle("waiting", !state.decisions);
	document.body.classList.toggle("offline", isLost(state));
	byId("waiting").hidden = !state.waiting;
	showStatus(state);
	if (state.decision) drawAsset(/** @type {Page.Shown} */ (state));
}

/** @param {Page.Shown} shown */
function drawAsset(shown) {
	drawSelector(shown);
	overview.showOverview(shown);
	byId("main").classList.toggle("doubt", decision.isDoubtful(shown.decision));
	byId("charts").hidden = shown.decision.decision === -1;
	decision.showDecision(shown);
	showGate(shown);
	showPrices(shown);
	charts.showCharts(shown);
	wallets.showWallets(shown);
	references.showReferences(shown);
	history.showHistory(shown);
	showExplain(shown);
}

/** @param {Page.Shown} state */
function drawSelector(state) {
	const { decisions, asset } = state;
	const known = isLost(state) ? "last known " : "";
	const select = byId("asset");
	reconcile(select, Object.keys(decisions).sort(), (name) => name, (name) => el("option", { value: name }), (option, name) =>
		setText(option, `${name} · ${known}${decision.kindOf(decisions[name].decision).word}`));
	select.disabled = false;
	select.value = asset;
}

/** Follows the address. */
function follow() {
	const { view, autorefresh } = route.read();
	if (view !== state.view) {
		state.series = {};
		loadedFor = "";
	}
	Object.assign(state, { view, autorefresh });
	byId("autorefresh").checked = autorefresh;
	byId(`view-${view}`).checked = true;
	chooseAsset();
	draw();
	refresh();
}

function go(parameters, how) {
	route.write(parameters, how);
	follow();
}

function start() {
	tooltip.start();
	overview.start((asset) => {
		go({ asset }, "push");
		byId("decision").scrollIntoView({ block: "nearest" });
	});
	decision.start();
	charts.start();
	wallets.start();
	const reload = () => {
		loadedFor = "";
		refresh();
	};
	history.start(reload);
	references.start(reload);
	byId("asset").addEventListener("change", () => go({ asset: byId("asset").value }, "push"));
	byId("view").addEventListener("change", ({ target }) => go({ view: target.value }, "push"));
	byId("autorefresh").addEventListener("change", () => go({ autorefresh: String(byId("autorefresh").checked) }, "replace"));
	byId("refresh").addEventListener("click", reload);
	addEventListener("popstate", follow);
	setInterval(() => showStatus(state), AGES_MS);
	follow();
}

start();

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
import { showPrices } from "./prices.js";
import * as references from "./references.js";
import * as route from "./route.js";
import { showStatus, synchronize } from "./status.js";
import * as tooltip from "./tooltip.js";
import * as wallets from "./wallets.js";

/** @typedef {import("../../types.js").PageState} PageState */

const REFRESH_MS = 10_000;
/** The first evaluation takes seconds, and somebody is looking. */
const WAITING_MS = 2_000;
const AGES_MS = 1_000;

/** @type {PageState} */
const state = {
  status: null,
  decisions: null,
  asset: null,
  view: "position",
  unknownAsset: null,
  autorefresh: true,
  unreachableSince: null,
  failure: null,
  waiting: true,
  series: {},
  explain: {},
  history: {},
  withdrawals: {},
};

/** @type {ReturnType<typeof setTimeout> | undefined} */
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
    const [status, decisions] = await Promise.all([unlessWaiting(api.status()), unlessWaiting(api.decisions())]);
    if (status) {
      state.status = status;
      synchronize(status);
    }
    state.decisions = decisions ?? state.decisions;
    state.waiting = state.decisions === null;
    state.unreachableSince = null;
    state.failure = null;
    chooseAsset();
    draw();
    await loadDetails();
  } catch (error) {
    if (error instanceof api.Refused) state.failure = error.message;
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
}

/** Figures of one asset must not stand under the name of another. */
function forgetDetails() {
  Object.assign(state, { series: {}, explain: {}, history: {}, withdrawals: {} });
  loadedFor = "";
}

/** Each answer stands alone: what one request has no answer for does not keep the others from being shown. */
async function loadDetails() {
  const { asset, view, status } = state;
  if (!asset) return;
  const wanted = `${asset} ${view} ${status?.last_evaluation}`;
  if (wanted === loadedFor) return;
  const [series, explain, past, withdrawals] = await Promise.all([
    settled(api.series(asset, view)),
    settled(api.explain(asset)),
    settled(api.history(asset, history.since())),
    settled(api.withdrawals(asset)),
  ]);
  // The user may have gone on to another asset or view meanwhile.
  if (asset !== state.asset || view !== state.view) return;
  Object.assign(state, { series, explain, history: past, withdrawals });
  loadedFor = [series, explain, past, withdrawals].some(({ error }) => error) ? "" : wanted;
}

/** @template T @param {Promise<T>} answer @returns {Promise<import("../../types.js").Loaded<T>>} */
async function settled(answer) {
  try {
    return { value: await answer };
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    return { error: error.message };
  }
}

function draw() {
  document.body.classList.toggle("waiting", state.waiting);
  document.body.classList.toggle("offline", state.unreachableSince !== null);
  byId("waiting").hidden = !state.waiting;
  showStatus(state);
  drawSelector();
  decision.showDecision(state);
  showGate(state);
  showPrices(state);
  charts.showCharts(state);
  wallets.showWallets(state);
  references.showReferences(state);
  history.showHistory(state);
  showExplain(state);
}

function drawSelector() {
  const { decisions, asset } = state;
  const select = byId("asset");
  if (!decisions || !asset) return;
  reconcile(select, Object.keys(decisions).sort(), (name) => name, (name) => el("option", { value: name }), (option, name) =>
    setText(option, `${name} · ${decision.kindOf(decisions[name].decision).word}`));
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
  for (const radio of document.getElementsByName("view")) {
    const input = /** @type {HTMLInputElement} */ (radio);
    input.checked = input.value === view;
  }
  chooseAsset();
  draw();
  refresh();
}

/** @param {Record<string, string>} parameters @param {"push" | "replace"} how */
function go(parameters, how) {
  route.write(parameters, how);
  follow();
}

function start() {
  tooltip.start();
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
  for (const radio of document.getElementsByName("view")) {
    radio.addEventListener("change", () => go({ view: /** @type {HTMLInputElement} */ (radio).value }, "push"));
  }
  byId("autorefresh").addEventListener("change", () => go({ autorefresh: String(byId("autorefresh").checked) }, "replace"));
  byId("refresh").addEventListener("click", reload);
  addEventListener("popstate", follow);
  setInterval(() => showStatus(state), AGES_MS);
  follow();
}

start();

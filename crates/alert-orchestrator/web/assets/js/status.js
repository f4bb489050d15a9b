// When was this computed, and can it be trusted? Times of evaluations, and banners for what puts the figures in doubt.

import { byId, el, reconcile, setText } from "./dom.js";
import { ago, time, timezone, useTimezone } from "./format.js";

/** @typedef {import("../../types.js").PageState} PageState */
/** @typedef {{key: string, kind: "bad" | "warn" | "info", text: string}} Banner */

/** An evaluation may be this late before the page says so. */
const GRACE_SECONDS = 30;

/** Server's clock less this computer's, milliseconds: ages must not depend on a clock that is wrong here. */
let skewMs = 0;

/** @param {import("../../types.js").Status} status */
export function synchronize(status) {
  skewMs = Date.parse(status.now) - Date.now();
  useTimezone(status.timezone);
}

const serverNow = () => Date.now() + skewMs;

/** @param {PageState} state */
export function showStatus(state) {
  const { status } = state;
  if (status) {
    setText(byId("timezone"), timezone());
    setText(byId("version"), `Alert Orchestrator ${status.version}`);
    setText(byId("last-evaluation"), withAge(status.last_evaluation));
    setText(byId("next-evaluation"), withAge(status.next_evaluation));
  }
  reconcile(
    byId("banners"),
    banners(state),
    ({ key }) => key,
    ({ kind }) => el("p", { class: `banner ${kind}` }),
    (node, { kind, text }) => {
      node.className = `banner ${kind}`;
      setText(node, text);
    },
  );
}

/** @param {string | null} instant */
function withAge(instant) {
  if (!instant) return "–";
  return `${time(instant)} (${ago((Date.parse(instant) - serverNow()) / 1000)})`;
}

/** @param {PageState} state @returns {Banner[]} */
function banners(state) {
  return [unreachable(state), failure(state), asOf(state), overdue(state), staleData(state), store(state), unknown(state)].filter(
    (banner) => banner !== null,
  );
}

/** @param {PageState} state @returns {Banner | null} */
function unreachable({ unreachableSince, status, autorefresh }) {
  if (unreachableSince === null) return null;
  const figures = status?.last_evaluation ? `Figures below are the last known, evaluated ${time(status.last_evaluation)}. ` : "";
  const next = autorefresh ? "Trying again every 10 s." : "Press Refresh now to try again.";
  return { key: "unreachable", kind: "bad", text: `Server unreachable since ${time(unreachableSince)}. ${figures}${next}` };
}

/** @param {PageState} state @returns {Banner | null} */
function failure(state) {
  return state.failure ? { key: "failure", kind: "bad", text: `The server refused: ${state.failure}` } : null;
}

/** @param {PageState} state @returns {Banner | null} */
function asOf({ status }) {
  if (!status?.as_of) return null;
  return { key: "as-of", kind: "info", text: `As of ${time(status.as_of)} ${timezone()}. A past date is configured: this is not the present market.` };
}

/** @param {PageState} state @returns {Banner | null} */
function overdue({ status, unreachableSince }) {
  if (!status?.last_evaluation || unreachableSince !== null) return null;
  const late = status.next_evaluation ? (serverNow() - Date.parse(status.next_evaluation)) / 1000 : 0;
  const age = (serverNow() - Date.parse(status.last_evaluation)) / 1000;
  const allowed = GRACE_SECONDS + 2 * (status.evaluation_seconds ?? 0);
  if (late <= allowed && age <= 2 * status.interval_seconds + allowed) return null;
  const text = `Figures are stale: the next evaluation is overdue. The last one was at ${time(status.last_evaluation)}.`;
  return { key: "overdue", kind: "warn", text };
}

/** @param {PageState} state @returns {Banner | null} */
function staleData({ decisions, asset }) {
  const reason = asset ? decisions?.[asset]?.reason : null;
  return reason?.code === "stale_data" ? { key: "stale-data", kind: "warn", text: `Data are stale. ${asset}: ${reason.message}` } : null;
}

/** @param {PageState} state @returns {Banner | null} */
function store({ status }) {
  if (!status || status.store.ok) return null;
  return { key: "store", kind: "bad", text: `The store does not answer: ${status.store.detail ?? "no detail"}` };
}

/** @param {PageState} state @returns {Banner | null} */
function unknown({ unknownAsset, asset }) {
  if (unknownAsset === null) return null;
  return { key: "unknown", kind: "warn", text: `${unknownAsset} is not among the evaluated assets. Showing ${asset}.` };
}

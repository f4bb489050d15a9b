// What does the server say? Every request of the page, and what can go wrong with one.

const TIMEOUT_MS = 10_000;

/** The server answered, and refused. */
export class Refused extends Error {
	/** @param {number} status @param {string} message @param {number | null} [retrySeconds] */
	constructor(status, message, retrySeconds = null) {
		super(message);
		this.status = status;
		this.retrySeconds = retrySeconds;
	}
}

/** No answer, or one that is not the server's own: a proxy in between answers with a page of its own. */
export class Unreachable extends Error {}

/**
 * @param {string} path relative to the page, so that a proxy may serve the whole under a prefix
 * @param {RequestInit} [init]
 */
async function request(path, { signal, ...init } = {}) {
	let response;
	let body;
	try {
		const late = AbortSignal.timeout(TIMEOUT_MS);
		response = await fetch(path, { ...init, signal: signal ? AbortSignal.any([signal, late]) : late });
		body = await response.json();
	} catch {
		throw new Unreachable(response ? `the answer (${response.status}) has no figures` : "the server did not answer");
	}
	if (response.ok) return body;
	const retry = Number(response.headers.get("Retry-After"));
	throw new Refused(response.status, String(body?.error ?? response.statusText), retry > 0 ? retry : null);
}

const get = (path, query, init) => request(query ? `${path}?${new URLSearchParams(query)}` : path, init);

/** @returns {Promise<Api.Status>} */
export const status = () => get("api/status");

/** @returns {Promise<Api.Decisions>} */
export const decisions = () => get("api/decisions");

/** @param {string} asset @param {Api.View} view @returns {Promise<Api.Series>} */
export const series = (asset, view) => get("api/series", { asset, view });

/** @param {string} asset @returns {Promise<Api.Explanation>} */
export const explain = (asset) => get("api/explain", { asset });

/** @param {string} asset @param {Date} from @returns {Promise<Api.History>} */
export const history = (asset, from) => get("api/history", { asset, from: from.toISOString() });

/** @param {string} asset @returns {Promise<{withdrawals: Api.Withdrawal[]}>} */
export const withdrawals = (asset) => get("api/withdrawals", { asset });

/** @param {Api.EffectQuestion} question @param {AbortSignal} signal @returns {Promise<Api.Effect>} */
export const effect = (question, signal) => get("api/reference/effect", question, { signal });

/**
 * Sets or removes the tag of a withdrawal. Credentials go along explicitly and the browser's own stay out of it, so that a
 * refusal comes back here instead of opening the browser's login window.
 * @param {Api.ReferenceWish} change
 * @param {Api.Login} login
 * @returns {Promise<Api.ReferenceChange>}
 */
export function setReference(change, login) {
	const utf8 = new TextEncoder().encode(`${login.user}:${login.password}`);
	return request("api/reference", {
		method: "POST",
		credentials: "omit",
		headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(String.fromCharCode(...utf8))}` },
		body: JSON.stringify(change),
	});
}

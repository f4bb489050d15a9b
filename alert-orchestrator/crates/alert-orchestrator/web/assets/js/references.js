// Which withdrawals are marked, and how is another one? The list, and the dialog that changes a mark.
//
// User and password live in this module's memory only, and go nowhere but into the one request that needs them.

import { Refused, setReference } from "./api.js";
import { address, command, copies } from "./copy.js";
import { byId, el, fillCells, icon, makeCells, reconcile, sayInTable, setNote, setText, write } from "./dom.js";
import { forgetEffect, showEffect } from "./effect.js";
import { amount, time } from "./format.js";

const RULE = "Gains count from the newest withdrawal that is tagged as a reference.";

/** @type {Api.Login | null} */
let login = null;
/** @type {{asset: string, withdrawal: Api.Withdrawal} | null} */
let pending = null;
/** @type {Api.Withdrawal[]} */
let listed = [];
let asset = "";
let listedFor = "";
let writable = false;

/** @param {() => void} changed is called after a tag was changed */
export function start(changed) {
	byId("reference-form").addEventListener("submit", (event) => {
		event.preventDefault();
		confirm(changed);
	});
	byId("mark-choice").addEventListener("change", showChange);
	byId("reference-cancel").addEventListener("click", () => byId("reference-dialog").close());
	byId("reference-dialog").addEventListener("close", () => {
		pending = null;
		forgetEffect();
		byId("login-password").value = "";
	});
	byId("log-out").addEventListener("click", () => {
		login = null;
		showLogin();
		byId("login-user").focus();
	});
}

/** @param {Page.Shown} state */
export function showReferences(state) {
	asset = state.asset;
	writable = state.status !== null && state.status.references_writable && state.status.auth.enabled;
	if (asset !== listedFor) setText(byId("reference-result"), "");
	// What the dialog says is of the asset that it was opened for.
	if (pending && pending.asset !== asset) byId("reference-dialog").close();
	listedFor = asset;
	showNote(state);
	const { value: answer, error } = state.withdrawals;
	listed = answer?.withdrawals ?? [];
	const rows = byId("withdrawal-rows");
	if (error) return sayInTable(rows, 5, `The withdrawals could not be read: ${error}`);
	if (answer && !listed.length) return sayInTable(rows, 5, "No withdrawal is stored.");
	// The reference first: what all gains count from, however many came since.
	const ordered = [...listed.filter(isNewestTagged), ...listed.filter((one) => !isNewestTagged(one))];
	reconcile(rows, ordered, (one) => `${asset} ${one.tx} ${one.wallet_address} ${one.ts} ${one.amount}`, makeRow, fillRow);
}

function showNote({ status, decision }) {
	if (!status) return;
	const note = byId("references-note");
	// Without one they count from the start of the data.
	const rule = decision.ref_mode === "data_range" ? `No withdrawal is tagged as a reference: gains count from t0, ${time(decision.t0_ts)}.` : RULE;
	const key = `${asset} ${writable} ${rule}`;
	if (note.dataset.key === key) return;
	note.dataset.key = key;
	if (writable) return note.replaceChildren(rule);
	const tag = command(status, "tag", "--asset", asset, "--latest");
	const button = el("button", { class: "copy" }, icon("copy"), el("code", {}, tag));
	copies(button, () => tag);
	const why = status.auth.enabled ? "It cannot be changed from this page." : "To change it from this page, logins must be enabled (orchestrator.auth).";
	note.replaceChildren(`${rule} ${why} On the server: `, button);
}

function makeRow(one) {
	const row = makeCells("time", "", "number", "text", "reference");
	row.cells[1].append(address(one.wallet_address, one.abbreviated_address));
	return row;
}

function fillRow(row, one) {
	fillCells(row, time(one.ts), null, units(one), one.memo ?? "");
	row.className = isNewestTagged(one) ? "pinned" : "";
	const cell = row.cells[4];
	const shown = JSON.stringify([one, isNewestTagged(one), writable, time(one.ts)]);
	// The button keeps the focus while nothing about it changes.
	if (cell.dataset.shown === shown) return;
	cell.dataset.shown = shown;
	cell.replaceChildren(...tagState(one), ...action(one));
}

const isNewestTagged = (one) => one === listed.find((other) => other.is_reference);
/** @param {Api.Withdrawal} one */
const units = (one) => (one.amount === null ? "unknown amount" : `${amount(one.amount)} ${asset}`);
const isMarked = (one) => one.is_reference || one.is_principal;
/** @param {Api.Withdrawal} one */
const verb = (one) => (isMarked(one) ? "Remove tag" : "Mark as reference");

function tagState(one) {
	if (one.is_principal) return [el("span", { class: "flag info" }, "principal"), " "];
	if (!one.is_reference) return [];
	return [el("span", { class: "flag info" }, isNewestTagged(one) ? "reference" : "earlier reference"), " "];
}

function action(one) {
	if (!writable) return [];
	if (!one.tx) return [el("span", { class: "muted" }, "no transaction known")];
	const button = el("button", { class: "act", "aria-label": `${verb(one)}: ${units(one)} of ${time(one.ts)}` }, verb(one));
	button.addEventListener("click", () => ask(one));
	return [button];
}

function ask(withdrawal) {
	pending = { asset, withdrawal };
	write({ "reference-error": "" });
	byId("reference-withdrawal").replaceChildren(...describe(withdrawal));
	byId("mark-choice").hidden = isMarked(withdrawal);
	byId("mark-reference").checked = true;
	showChange();
	showLogin();
	byId("reference-dialog").showModal();
	byId(login ? "reference-confirm" : "login-user").focus();
}

function showChange() {
	if (!pending) return;
	const { withdrawal: one } = pending;
	const isPrincipal = byId("mark-principal").checked;
	const title = isPrincipal && !isMarked(one) ? "Mark as principal" : verb(one);
	write({ "reference-dialog-title": title, "reference-confirm": title });
	showEffect({ ...meant(pending), mark: isMarked(one) ? "none" : chosen() });
}

/** Which withdrawal is meant. @param {Api.Withdrawal} one */
function describe(one) {
	const what = `Withdrawal of ${units(one)} at ${time(one.ts)}`;
	const details = el("p", {}, what, " by ", el("code", { class: "full" }, one.wallet_address));
	const memo = el("p", { class: "muted" }, one.memo ? `Memo now: ${one.memo}` : "It has no memo now.");
	return [details, memo];
}

function showLogin() {
	byId("login-fields").hidden = login !== null;
	byId("login-fields").disabled = login !== null;
	byId("logged-in").hidden = login === null;
	setText(byId("logged-in-user"), login?.user ?? "");
}

/** @returns {"reference" | "principal"} */
const chosen = () => (byId("mark-principal").checked ? "principal" : "reference");
const meant = ({ asset, withdrawal }) => ({ asset, wallet: withdrawal.wallet_address, tx: withdrawal.tx ?? "" });

async function confirm(changed) {
	if (!pending) return;
	const attempt = login ?? { user: byId("login-user").value, password: byId("login-password").value };
	const { withdrawal } = pending;
	const change = { ...meant(pending), memo_before: withdrawal.memo ?? "", ...(isMarked(withdrawal) ? { remove: true } : { mark: chosen() }) };
	busy(true);
	try {
		const answer = await setReference(change, attempt);
		login = attempt;
		byId("reference-dialog").close();
		setNote(byId("reference-result"), `${answer.message[0].toUpperCase()}${answer.message.slice(1)}.`);
		changed();
	} catch (error) {
		if (error instanceof Refused && error.status === 401) login = null;
		// What was changed meanwhile is to be looked at.
		if (error instanceof Refused && error.status === 409) changed();
		showLogin();
		setText(byId("reference-error"), inWords(error));
	} finally {
		busy(false);
	}
}

function busy(yes) {
	byId("reference-confirm").disabled = yes;
	byId("reference-form").setAttribute("aria-busy", String(yes));
}

function inWords(error) {
	if (!(error instanceof Refused)) return "The server did not answer. Whether the tag changed shows in the list once it does.";
	const words = {
		401: "User or password are wrong. Nothing was changed.",
		403: `Not allowed: ${error.message}`,
		404: `Not found: ${error.message}`,
		409: `Not possible: ${error.message}`,
		429: `Too many failed logins. Try again in ${error.retrySeconds ?? 60} s.`,
	};
	return words[error.status] ?? `The server refused (${error.status}): ${error.message}`;
}

// How much from which wallet?

import { address } from "./copy.js";
import { byId, el, reconcile, setNote, setText } from "./dom.js";
import { counted, usd } from "./format.js";

/** @typedef {import("../../types.js").PageState} PageState */
/** @typedef {import("../../types.js").Wallet} Wallet */

/** One wallet can be reached by Tab; arrow keys move among them, so that 200 are not 200 stops. */
export function start() {
  byId("wallet-rows").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const buttons = [...byId("wallet-rows").querySelectorAll("button")];
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined || !buttons[to]) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    buttons[to].tabIndex = 0;
    buttons[to].focus();
  });
}

/** @param {PageState} state */
export function showWallets({ asset, decisions }) {
  const decision = asset ? decisions?.[asset] : null;
  if (!decision) return;
  const wallets = decision.wallet_breakdown;
  reconcile(byId("wallet-rows"), wallets, (wallet) => wallet.wallet_address, makeRow, fillRow);
  keepOneReachable();
  setText(byId("wallets-title"), wallets.length ? `Wallets (${wallets.length})` : "Wallets");
  setNote(byId("wallets-note"), wallets.length ? `${counted(wallets.length, "wallet")}, together ${usd(decision.wmax_usd)} USD.` : whyNone(decision));
}

/** @param {import("../../types.js").Decision} decision */
function whyNone({ decision }) {
  return decision === -1
    ? "No wallet can be judged while the asset is in error."
    : "Nothing may be withdrawn from any wallet while the asset is held. Explain, below, has the arithmetic of each.";
}

/** @param {Wallet} wallet */
function makeRow({ wallet_address, abbreviated_address }) {
  const button = address(wallet_address, abbreviated_address);
  button.tabIndex = -1;
  return el("tr", {}, el("th", { scope: "row" }, button), el("td", { class: "number" }));
}

/** @param {HTMLTableRowElement} row @param {Wallet} wallet */
function fillRow(row, { wmax_usd }) {
  setText(row.cells[1], usd(wmax_usd));
}

function keepOneReachable() {
  const rows = byId("wallet-rows");
  if (rows.querySelector("button[tabindex='0']")) return;
  const first = rows.querySelector("button");
  if (first) first.tabIndex = 0;
}

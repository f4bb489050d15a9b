// How does the page write into its document? Everything from outside goes in as text, never as markup.

/** @param {string} id @returns {any} the element; `any` because callers know its kind from index.html */
export function byId(id) {
	const found = document.getElementById(id);
	if (!found) throw new Error(`index.html has no element with id ${id}`);
	return found;
}

/**
 * Makes an element. Children that are strings become text.
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function el(tag, attributes = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
	node.append(...children);
	return node;
}

/** An element with a sentence of the server; what stands between backticks is code. @param {string} tag @param {string} sentence */
export const prose = (tag, sentence) => el(tag, {}, ...sentence.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part)));

/** Writes text only where it differs: a selection, and a screen reader's place, survive a refresh. @param {Node} node @param {string} text */
export function setText(node, text) {
	if (node.textContent !== text) node.textContent = text;
}

/** Writes texts into elements, by id. @param {Record<string, string>} texts */
export function write(texts) {
	for (const [id, text] of Object.entries(texts)) setText(byId(id), text);
}

/** Shows a verdict in its colour. @param {string} id @param {{kind: string, word: string}} verdict */
export function showFlag(id, { kind, word }) {
	byId(id).className = `flag ${kind}`;
	setText(byId(id), word);
}

/** @param {HTMLElement} node @param {string | null} text nothing hides the element */
export function setNote(node, text) {
	setText(node, text ?? "");
	node.hidden = !text;
}

/** A row of empty cells. @param {...string} classes of each cell, "" for none */
export const makeCells = (...classes) => el("tr", {}, ...classes.map((name) => el("td", name ? { class: name } : {})));

/** @param {HTMLTableRowElement} row @param {...(string | null)} texts null leaves a cell as it is */
export function fillCells(row, ...texts) {
	texts.forEach((text, i) => text !== null && setText(row.cells[i], text));
}

/** A picture of the sprite in index.html, for decoration only. @param {string} name */
export function icon(name) {
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	svg.setAttribute("class", "icon");
	svg.setAttribute("aria-hidden", "true");
	const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
	use.setAttribute("href", `#icon-${name}`);
	svg.append(use);
	return svg;
}

/**
 * Makes the children of `parent` those of `items`, keeping the elements of items that stay, and with them focus and scroll.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf items of one key are told apart by their order
 * @param {(item: T) => HTMLElement} make
 * @param {(node: any, item: T) => void} [fill] writes what may change
 */
export function reconcile(parent, items, keyOf, make, fill = () => {}) {
	const seen = new Map();
	const keyed = items.map((item) => {
		const key = keyOf(item);
		const nth = seen.get(key) ?? 0;
		seen.set(key, nth + 1);
		return { item, key: `${key}#${nth}` };
	});
	const wanted = new Set(keyed.map(({ key }) => key));
	const kept = new Map();
	for (const child of /** @type {HTMLElement[]} */ ([...parent.children])) {
		if (child.dataset.key && wanted.has(child.dataset.key)) kept.set(child.dataset.key, child);
		else child.remove();
	}
	const focused = document.activeElement;
	let next = parent.firstElementChild;
	for (const { item, key } of keyed) {
		const node = kept.get(key) ?? make(item);
		node.dataset.key = key;
		fill(node, item);
		if (node === next) next = next?.nextElementSibling ?? null;
		else parent.insertBefore(node, next);
	}
	// An element that is moved loses it.
	const isMoved = parent.contains(focused) && focused !== document.activeElement;
	if (isMoved && focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}

/** One row that says why a table has no others. @param {Element} tbody @param {number} columns @param {string} text */
export function sayInTable(tbody, columns, text) {
	reconcile(tbody, [text], (said) => said, () => el("tr", {}, el("td", { colspan: String(columns), class: "muted" }, text)));
}

// What does this mean, or read in full? One bubble beside the element that has the pointer or the focus.
//
// The text is `data-tip`, or for a term (`data-about`) its entry in the glossary. Escape closes it.

import { byId, el } from "./dom.js";

const EDGE_PX = 6;

export function start() {
	for (const term of document.querySelectorAll("[data-about]")) {
		const button = el("button", { class: "term", "aria-describedby": `about-${term.getAttribute("data-about")}` }, ...term.childNodes);
		term.append(button);
	}
	const bubble = byId("tooltip");
	/** @type {HTMLElement | null} */
	let owner = null;

	const hide = () => {
		owner = null;
		bubble.hidden = true;
	};
	const show = (event) => {
		if (bubble.contains(/** @type {Node} */ (event.target))) return;
		const target = event.target instanceof Element ? event.target.closest("[data-tip], .term") : null;
		if (target === owner) return;
		hide();
		if (!(target instanceof HTMLElement)) return;
		owner = target;
		const about = target.getAttribute("aria-describedby");
		bubble.textContent = target.dataset.tip ?? (about ? byId(about).textContent : "");
		bubble.hidden = false;
		place(bubble, target.getBoundingClientRect());
	};

	document.addEventListener("pointerover", show);
	document.addEventListener("focusin", show);
	document.addEventListener("click", show);
	document.addEventListener("focusout", hide);
	document.addEventListener("scroll", hide, { capture: true, passive: true });
	document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
}

/**
 * Below the element, or above where there is no room; never over the edge. No gap, so that the pointer can move onto it.
 * @param {HTMLElement} bubble @param {DOMRect} beside
 */
function place(bubble, beside) {
	const { width, height } = bubble.getBoundingClientRect();
	const left = Math.max(EDGE_PX, Math.min(beside.left, document.documentElement.clientWidth - width - EDGE_PX));
	const below = beside.bottom;
	const top = below + height <= innerHeight ? below : Math.max(EDGE_PX, beside.top - height);
	bubble.style.left = `${left}px`;
	bubble.style.top = `${top}px`;
}

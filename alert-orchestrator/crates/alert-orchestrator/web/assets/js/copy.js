// How does a text get to the clipboard? Also over plain HTTP, where browsers keep their clipboard API from a page.

import { byId, el, icon } from "./dom.js";

const CONFIRM_MS = 1500;

/** Makes a button copy what `text` returns when it is pressed. @param {HTMLElement} button @param {() => string} text */
export function copies(button, text) {
	button.addEventListener("click", async () => {
		const done = await write(text());
		byId("announce").textContent = done ? "Copied." : "The browser refused to copy.";
		if (!done) return;
		button.querySelector("use")?.setAttribute("href", "#icon-done");
		setTimeout(() => button.querySelector("use")?.setAttribute("href", "#icon-copy"), CONFIRM_MS);
	});
}

/** An abbreviated address that shows itself in full on hover and focus and is copied when pressed. @param {string} full @param {string} short */
export function address(full, short) {
	const button = el(
		"button",
		{ class: "copy address", "data-tip": full, "aria-label": `${short}, copy address ${full}` },
		el("code", {}, short),
		icon("copy"),
	);
	copies(button, () => full);
	return button;
}

/** What to type into a shell on the server. @param {Api.Status | null} status @param {...string} words */
export function command(status, ...words) {
	const config = status?.config_path ? ["--config", status.config_path] : [];
	const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
	return ["alert-orchestrator", ...config, ...words].map(quoted).join(" ");
}

async function write(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return writeBySelection(text);
	}
}

function writeBySelection(text) {
	const before = document.activeElement;
	const area = el("textarea", { class: "visually-hidden", "aria-hidden": "true" });
	area.value = text;
	document.body.append(area);
	area.select();
	const done = document.execCommand("copy");
	area.remove();
	if (before instanceof HTMLElement) before.focus();
	return done;
}

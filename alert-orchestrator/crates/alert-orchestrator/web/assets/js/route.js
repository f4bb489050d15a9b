// Which asset and view does the address name? The address is the page's memory: reload, back and sharing work by it.

/** The first is shown where the address names none. @type {Api.View[]} */
const VIEWS = ["corrected", "position", "rate"];

/** @returns {Page.Route} */
export function read() {
	const query = new URLSearchParams(location.search);
	return {
		asset: query.get("asset"),
		view: VIEWS.find((view) => view === query.get("view")) ?? VIEWS[0],
		autorefresh: query.get("autorefresh") !== "false",
	};
}

/**
 * Writes parameters into the address and leaves the others as they are.
 * @param {Record<string, string>} parameters
 * @param {"push" | "replace"} how a choice of the user is pushed, so that back undoes it
 */
export function write(parameters, how) {
	const address = href(parameters);
	if (address === location.search) return;
	if (how === "push") history.pushState(null, "", address);
	else history.replaceState(null, "", address);
}

/** Where parameters are these and the others as they are. @param {Record<string, string>} parameters */
export function href(parameters) {
	const query = new URLSearchParams(location.search);
	for (const [name, value] of Object.entries(parameters)) query.set(name, value);
	return `?${query}`;
}

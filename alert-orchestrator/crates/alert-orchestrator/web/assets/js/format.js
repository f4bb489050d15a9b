// How are figures and instants written? One way for the whole page, whatever the language of the browser.

const NONE = "–";

/** Too costly to make for every figure. @type {Map<number, Intl.NumberFormat>} */
const byDigits = new Map();

/** @param {Figure} value @param {number} digits after the point */
export function number(value, digits) {
	if (!known(value)) return NONE;
	let format = byDigits.get(digits);
	if (!format) {
		format = new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
		byDigits.set(digits, format);
	}
	// A minus sign as wide as the digits; and no "-0.00" for what rounds to nothing.
	const text = format.format(value);
	return /^-[0.,]*$/.test(text) ? text.slice(1) : text.replace("-", "−");
}

/** @param {Figure} value @returns {value is number} */
const known = (value) => Number.isFinite(value);

/** @param {Figure} value */
export const usd = (value) => number(value, 2);

/** A sentence of the server with its figures as all others of the page are written. @param {string} sentence */
export const readable = (sentence) =>
	sentence
		.replace(/(?<![\w.:-])-(?=\d)/g, "−")
		.replace(/(?<![\w.])\d{4,}(?=\.\d)/g, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));

/** A share of 1. @param {Figure} share */
export const percent = (share) => (known(share) ? `${number(share * 100, 3)} %` : NONE);

/** Cents for USD, six decimals for a price. @param {string} unit */
const digitsOf = (unit) => (unit === "USD" ? 2 : 6);

/** With its unit. @param {Figure} value @param {string} unit */
export const measured = (value, unit) => (known(value) ? `${number(value, digitsOf(unit))} ${unit}` : NONE);

/** What is less is rounding. */
const NOTHING = 1e-9;

/** A figure of the gate: as many digits as its unit has, and at least two that count. @param {Figure} value @param {string} unit */
export function figure(value, unit) {
	const least = value && Math.abs(value) > NOTHING ? 1 - Math.floor(Math.log10(Math.abs(value))) : 0;
	return number(value, Math.max(digitsOf(unit), least));
}

/** The same with its unit. @param {Figure} value @param {string} unit */
export const figureWithUnit = (value, unit) => (known(value) ? `${figure(value, unit)} ${unit}` : NONE);

/** Units of an asset: as many decimals as there are, at most six. @param {number} value */
export const amount = (value) => new Intl.NumberFormat("en-US", { maximumFractionDigits: 6 }).format(value).replace("-", "−");

/** Not only Liqwid's. @param {string} source */
export const named = (source) => (source === "greptime(liqwid)" ? "positions" : source);

let zone = "UTC";
let clock = clockOf(zone);

function clockOf(timeZone) {
	// Swedish writes dates as ISO 8601 does.
	return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
}

/** Uses a timezone from now on; UTC where the browser does not know it. @param {string} name @returns {string} the timezone in use */
export function useTimezone(name) {
	if (name !== zone) {
		try {
			clock = clockOf(name);
			zone = name;
		} catch {
			clock = clockOf("UTC");
			zone = "UTC";
		}
	}
	return zone;
}

export const timezone = () => zone;

/** Date and minute in the configured timezone. @param {string | number | null | undefined} instant RFC 3339 or epoch milliseconds */
export function time(instant) {
	if (instant === null || instant === undefined) return NONE;
	const date = new Date(instant);
	return Number.isNaN(date.getTime()) ? NONE : clock.format(date);
}

/** "3 min ago", "in 2.0 h"; ages of samples in hours as the service and its limits have them. @param {number} seconds negative: in the past */
export function ago(seconds) {
	const size = Math.abs(seconds);
	const hours = size / 3600;
	const text = hours >= 72 ? `${Math.floor(hours / 24)} days` : hours >= 1.5 ? `${number(hours, 1)} h` : size >= 90 ? `${Math.floor(size / 60)} min` : `${Math.floor(size)} s`;
	return seconds > 0 ? `in ${text}` : `${text} ago`;
}

/** @param {number} count @param {string} noun */
export const counted = (count, noun) => `${new Intl.NumberFormat("en-US").format(count)} ${noun}${count === 1 ? "" : "s"}`;

/** A text for a line: its addresses and hashes are abbreviated. @param {string} text */
export const brief = (text) => text.replace(/\w{40,}/g, abbreviate);

/** First 8 and last 4 characters; short ones as they are. @param {string} text */
export function abbreviate(text) {
	const characters = [...text];
	return characters.length <= 13 ? text : `${characters.slice(0, 8).join("")}…${characters.slice(-4).join("")}`;
}

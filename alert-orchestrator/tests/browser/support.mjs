// One browser for a test file, and pages that fail a test by what they should never do.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { startFixture } from "./fixture.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const REFRESH_MS = 10_000;
const WAITING_MS = 2_000;

export const launch = (...more) => chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...more] });

/** Runs `use` with a page at `address`; afterwards nothing may have gone wrong in it that `tolerated` does not match. */
export async function withPage(browser, address, { width = 1440, height = 1000, scheme = "light", tolerated, ...more }, use) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, ...more });
  context.setDefaultTimeout(60_000); // a busy machine is no fault of the page
  const page = await context.newPage();
  const faults = [];
  const fault = (text) => !tolerated?.test(text) && faults.push(text);
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && fault(`console: ${message.text()}`));
  page.on("pageerror", (error) => fault(`error: ${error.stack}`));
  page.on("request", (request) => new URL(request.url()).origin !== new URL(address).origin && fault(`request to ${request.url()}`));
  await page.clock.install();
  await page.addInitScript(watchRounds, [WAITING_MS, REFRESH_MS]);
  try {
    await page.goto(address);
    await use(page);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

/** The same with a scripted server of its own. */
export async function withFixture(browser, script, query, options, use) {
  const fixture = await startFixture(script);
  try {
    await withPage(browser, `${fixture.url}/dashboard${query}`, options, (page) => use(page, fixture));
  } finally {
    await fixture.stop();
  }
}

/** In the page: is the timer of the next round set, and how often did it fire? */
function watchRounds(delays) {
  const rounds = (globalThis.rounds = { timer: null, fired: 0 });
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  globalThis.setTimeout = (act, delay, ...rest) => {
    if (!delays.includes(delay)) return set(act, delay, ...rest);
    return (rounds.timer = set(() => (rounds.fired++, (rounds.timer = null), act()), delay));
  };
  globalThis.clearTimeout = (timer) => {
    if (timer === rounds.timer) rounds.timer = null;
    clear(timer);
  };
}

/** Lets 10 s pass once the page waits for its next round, and waits until that round has ended. */
export async function nextRound(page) {
  await page.waitForFunction(() => globalThis.rounds.timer !== null);
  const fired = await page.evaluate(() => globalThis.rounds.fired);
  await page.clock.fastForward(REFRESH_MS);
  await page.waitForFunction((before) => globalThis.rounds.fired > before && globalThis.rounds.timer !== null, fired);
}

/** Lets time pass in which nothing should be asked. */
export const pass = (page) => page.clock.fastForward(10 * REFRESH_MS);

const DETAILS = ["#explain-steps > *", "#withdrawal-rows > *", "#history-rows > *, #history-note:not([hidden])"];

/** Everything is there: the decision, and the sections that come after it, each with an answer of its own. */
export const loaded = async (page, details = DETAILS) => {
  await page.locator("#badge-word:not(:text-is('–'))").waitFor();
  await page.locator("#charts[aria-busy=false]").waitFor({ state: "attached" });
  // Panels are drawn one by one.
  await page.waitForFunction(() => [...document.querySelectorAll(".panel")].every((panel) => panel.hidden || panel.closest("[hidden]") || panel.querySelector("canvas")));
  await page.waitForFunction((all) => all.every((one) => document.querySelector(one)), details);
};

export const text = (page, id) => page.locator(`#${id}`).innerText();

/** No violation of WCAG 2.2 A and AA, nor of axe's best practices. */
export async function accessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`), []);
}

/** Drags across a part of a panel's plot, as shares of its width, and waits until it is zoomed. */
export async function zoomTo(page, panel, from, to) {
  const plot = page.locator(`#${panel} .u-over`);
  await plot.scrollIntoViewIfNeeded();
  const over = await plot.boundingBox();
  await page.mouse.move(over.x + over.width * from, over.y + 50);
  await page.mouse.down();
  await page.mouse.move(over.x + over.width * to, over.y + 50, { steps: 4 });
  await page.mouse.up();
  await page.locator(`#${panel} .plot[data-zoomed=true]`).waitFor();
}

/** The page does not scroll sideways. */
export async function fits(page) {
  const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= seen, `the page is ${wide} px wide on a screen of ${seen} px`);
}

/** Waits until `probe` answers `expected`; says what it answered last where it never does. */
export async function eventually(probe, expected, tries = 100) {
  let last;
  for (let i = 0; i < tries; i++) {
    last = await probe();
    if (JSON.stringify(last) === JSON.stringify(expected)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(last, expected);
}

// Does the page do what it should over time: choices kept in the address, refreshes that disturb nothing, a server that goes away?

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, eventually, launch, loaded, nextRound, pass, text, withFixture, zoomTo } from "./support.mjs";
import { DECISIONS, decision, hold, script, series, status } from "./states.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const query = (page) => Object.fromEntries(new URL(page.url()).searchParams);
const shownAsset = (page, asset) => page.locator(`#decision-asset:text-is('${asset}')`).waitFor();
const rounds = (fixture, count) => eventually(() => fixture.count("/api/status"), count);

test("the asset selector is alphabetical, and a choice changes the asset in the address and nothing else", async () => {
  await withFixture(browser, script(), "?asset=djed&view=rate&autorefresh=false&x=1", {}, async (page) => {
    await loaded(page);
    const options = await page.locator("#asset option").evaluateAll((all) => all.map(({ value, textContent }) => [value, textContent]));
    assert.deepEqual(options, [
      ["djed", "djed · HOLD"], ["iusd", "iusd · HOLD"], ["usdc", "usdc · WITHDRAW_OK"], ["usdm", "usdm · HOLD"], ["usdt", "usdt · HOLD"], ["usdx", "usdx · ERROR"],
    ]);
    await page.selectOption("#asset", "usdc");
    await shownAsset(page, "usdc");
    assert.deepEqual(query(page), { asset: "usdc", view: "rate", autorefresh: "false", x: "1" });
    await page.goBack();
    await shownAsset(page, "djed");
    assert.equal(await page.inputValue("#asset"), "djed");
    await page.goForward();
    await shownAsset(page, "usdc");
  });
});

test("without an asset in the address the first is shown, and an unknown one is named", async () => {
  await withFixture(browser, script(), "", {}, async (page) => {
    await loaded(page);
    assert.equal(await text(page, "decision-asset"), "djed");
    assert.equal(await page.locator(".banner").count(), 0);
  });
  await withFixture(browser, script(), "?asset=gold", {}, async (page) => {
    await loaded(page);
    assert.equal(await text(page, "banners"), "gold is not among the evaluated assets. Showing djed.");
    await accessible(page);
  });
});

test("view=rate draws the price, and the switch goes into the address", async () => {
  await withFixture(browser, script(), "?asset=usdc&view=rate", {}, async (page, fixture) => {
    await loaded(page);
    assert.equal(await page.locator("#panel-series h3").innerText(), "Rate, USD per unit");
    assert.ok(await page.isChecked("input[value=rate]"));
    await page.check("input[value=position]", { force: true });
    await page.locator("#panel-series h3:text-is('Position, USD')").waitFor();
    assert.deepEqual(query(page), { asset: "usdc", view: "position" });
    const views = fixture.requests.filter(({ path }) => path === "/api/series").map((request) => request.query.get("view"));
    assert.deepEqual(views, ["rate", "position"]);
    await page.goBack();
    await page.locator("#panel-series h3:text-is('Rate, USD per unit')").waitFor();
  });
});

test("every 10 s it asks again, and for the details only after an evaluation or a mark", async () => {
  await withFixture(browser, script(), "?asset=usdc", {}, async (page, fixture) => {
    const first = status();
    fixture.script = script({ now: () => first });
    await page.reload();
    await loaded(page);
    await eventually(() => fixture.count("/api/withdrawals") > 0, true);
    fixture.requests.length = 0;
    for (const round of [1, 2, 3]) {
      await nextRound(page);
      assert.equal(fixture.count("/api/status"), round);
      assert.equal(fixture.count("/api/decisions"), round);
    }
    assert.equal(fixture.count("/api/series"), 0);
    const next = status({ last_evaluation: new Date().toISOString() });
    fixture.script = script({ decisions: { usdc: decision({ wmax_usd: 311.5 }) }, now: () => next });
    await nextRound(page);
    await page.locator("#wmax:text-is('311.50 USD')").waitFor();
    await eventually(() => fixture.count("/api/series"), 1);
    // A withdrawal was marked meanwhile: another decision, and no evaluation of all.
    fixture.script = script({ decisions: { usdc: decision({ wmax_usd: 12.5 }) }, now: () => next });
    await nextRound(page);
    await page.locator("#wmax:text-is('12.50 USD')").waitFor();
    await eventually(() => fixture.count("/api/explain"), 2);
  });
});

test("autorefresh=false asks once; the switch starts it, and writes the address", async () => {
  await withFixture(browser, script(), "?asset=usdc&autorefresh=false", {}, async (page, fixture) => {
    await loaded(page);
    assert.equal(await page.isChecked("#autorefresh"), false);
    await pass(page);
    await page.click("#refresh"); // a request of our own, so that one of a timer would have been seen before it
    await rounds(fixture, 2);
    await page.check("#autorefresh");
    await rounds(fixture, 3);
    assert.deepEqual(query(page), { asset: "usdc", autorefresh: "true" });
    await nextRound(page);
    assert.equal(fixture.count("/api/status"), 4);
  });
});

test("a refresh loses neither zoom nor scroll, focus or open panels", async () => {
  let now = status();
  await withFixture(browser, script({ now: () => now }), "?asset=usdc", {}, async (page) => {
    await loaded(page);
    const plot = page.locator("#panel-series .plot");
    await zoomTo(page, "panel-series", 0.5, 0.8);
    await page.locator("#explain > summary").click();
    const row = page.locator("#wallet-rows button").nth(1);
    await row.focus();
    await page.evaluate(() => scrollTo(0, 300));
    const element = await page.locator("#wallet-rows tr").nth(1).elementHandle();
    const axis = () => plot.evaluate((area) => area.querySelector("canvas").toDataURL());
    const before = await axis();
    now = status({ last_evaluation: new Date().toISOString() });
    await nextRound(page);
    await eventually(() => page.locator("#charts").getAttribute("aria-busy"), "false");
    assert.equal(await plot.getAttribute("data-zoomed"), "true");
    assert.equal(await axis(), before);
    assert.equal(await page.evaluate(() => scrollY), 300);
    assert.equal(await page.evaluate((kept) => kept.contains(document.activeElement), element), true);
    assert.equal(await page.locator("#explain").getAttribute("open"), "");
    await page.locator("#panel-series").getByRole("button", { name: "Show all" }).click();
    await page.locator("#panel-series .plot[data-zoomed=false]").waitFor();
  });
});

test("a server that goes away leaves the last figures, greyed and dated, until it is back", async () => {
  await withFixture(browser, script(), "?asset=usdc", { tolerated: /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/ }, async (page, fixture) => {
    await loaded(page);
    await fixture.vanish();
    await nextRound(page);
    await page.locator(".banner.bad").waitFor();
    assert.match(await text(page, "banners"), /^Server unreachable since \d{4}-\d\d-\d\d \d\d:\d\d\. Figures below are the last known, evaluated .+\. Trying again every 10 s\.$/);
    assert.equal(await text(page, "badge-note"), "last known");
    assert.equal(await text(page, "wmax"), "299.11 USD");
    assert.equal(await page.locator("#decision").evaluate((card) => getComputedStyle(card).filter), "grayscale(1)");
    await accessible(page);
    fixture.script = script({ decisions: { ...DECISIONS, usdc: decision({ wmax_usd: 301 }) } });
    await fixture.comeBack();
    await nextRound(page);
    await page.locator("#wmax:text-is('301.00 USD')").waitFor();
    assert.equal(await page.locator(".banner").count(), 0);
    assert.equal(await text(page, "badge-note"), "");
  });
});

test("a detail that nobody answers leaves the others, and the server is not said to be unreachable", async () => {
  const hanging = script({ answers: { "GET /api/history": () => new Promise(() => {}) } });
  await withFixture(browser, hanging, "?asset=iusd", {}, async (page, fixture) => {
    await loaded(page, ["#explain-steps > *", "#withdrawal-rows > *"]); // before the request for the history is given up
    assert.equal(await text(page, "threshold"), "123.39 USD");
    await page.locator("#history-note:has-text('The history could not be read: the server did not answer')").waitFor({ timeout: 30_000 });
    assert.equal(await page.locator(".banner").count(), 0);
    assert.equal(await page.locator(".panel canvas").count(), 3);
    assert.equal(await text(page, "threshold"), "123.39 USD");
    fixture.script = script();
    await nextRound(page);
    await page.locator("#history-rows tr").first().waitFor();
    assert.equal(await page.locator("#history-note").isVisible(), false);
  });
});

test("rows that stay are written anew where a flow was valued again, or the timezone is another", async () => {
  const first = status();
  await withFixture(browser, script({ now: () => first }), "?asset=usdc", {}, async (page, fixture) => {
    await loaded(page);
    await page.locator("#flows > summary").click();
    const flow = page.locator("#flow-rows tr").first();
    assert.equal(await flow.innerText(), "2025-12-21 01:00\twithdrawal\t500\t500.00");
    await page.locator("#history-rows tr").first().waitFor();
    const revalued = series("usdc", "position");
    revalued.withdrawals[0].usd = 498.5;
    const next = status({ last_evaluation: new Date().toISOString(), timezone: "UTC" });
    fixture.script = script({ now: () => next, answers: { "GET /api/series": revalued } });
    await nextRound(page);
    await eventually(() => flow.innerText(), "2025-12-21 00:00\twithdrawal\t500\t498.50");
    const times = () => page.locator("#history-rows .time, #withdrawal-rows .time").evaluateAll((cells) => cells.map(({ textContent }) => textContent));
    assert.deepEqual((await times()).filter((time) => !/:00$/.test(time)), []);
    assert.ok((await times()).includes("2025-12-19 00:00") && (await times()).includes("2026-01-29 00:00"), String(await times()));
  });
});

test("a proxy's page instead of figures counts as unreachable, and a refusal is quoted", async () => {
  const refused = { answers: { "GET /api/status": () => ({ status: 500, json: { error: "evaluation panicked", status: "error" } }) } };
  await withFixture(browser, refused, "", { tolerated: /status of 50/ }, async (page) => {
    await page.locator(".banner.bad").waitFor();
    assert.equal(await text(page, "banners"), "The server refused: evaluation panicked. Figures below are the last known.");
    await page.route("**/api/status", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" }));
    await page.click("#refresh");
    await page.locator(".banner:has-text('unreachable')").waitFor();
  });
});

test("a server that was restarted has old figures marked until its first evaluation", async () => {
  await withFixture(browser, script(), "?asset=usdc", {}, async (page, fixture) => {
    await loaded(page);
    fixture.script = script({ now: () => status({ last_evaluation: null, next_evaluation: null }) });
    await nextRound(page);
    await page.locator(".banner.bad").waitFor();
    assert.match(await text(page, "banners"), /has not finished its first evaluation\. Figures below are the last known/);
    assert.equal(await text(page, "badge-note"), "last known");
  });
});

test("stale data, an overdue evaluation, a past date and a store that is gone each have a banner", async () => {
  const hours = (n) => new Date(Date.now() - n * 3_600_000).toISOString();
  const cases = [
    [{}, { usdc: hold("stale_data", "stale data (newest sample 30.5 h old)") }, /^Data are stale\. usdc: stale data \(newest sample 30\.5 h old\)$/],
    [{ last_evaluation: hours(3), next_evaluation: hours(2) }, undefined, /^Figures are stale: the next evaluation is overdue\. The last one was at /],
    [{ last_evaluation: hours(3), next_evaluation: new Date(Date.now() + 60_000).toISOString() }, undefined, /^Figures are stale/],
    [{ as_of: "2026-01-29T00:00:00Z" }, undefined, /^As of 2026-01-29 01:00 Europe\/Berlin\. A past date is configured/],
    [{ store: { ok: false, detail: "connection refused" } }, undefined, /^The store does not answer: connection refused$/],
  ];
  for (const [change, decisions, expected] of cases) {
    await withFixture(browser, script({ decisions, now: () => status(change) }), "?asset=usdc", {}, async (page) => {
      await loaded(page);
      assert.match(await text(page, "banners"), expected);
      await accessible(page);
    });
  }
});

test("an evaluation becomes overdue while nobody refreshes", async () => {
  const soon = { now: () => status({ last_evaluation: new Date(Date.now() - 3_500_000).toISOString(), next_evaluation: new Date(Date.now() + 100_000).toISOString() }) };
  await withFixture(browser, script(soon), "?asset=usdc&autorefresh=false", {}, async (page) => {
    await loaded(page);
    assert.equal(await page.locator(".banner").count(), 0);
    await page.clock.fastForward(200_000);
    await page.locator(".banner:has-text('overdue')").waitFor();
  });
});

test("a change of the decision is announced to a screen reader, a refresh without one is not", async () => {
  await withFixture(browser, script(), "?asset=usdc", {}, async (page, fixture) => {
    await loaded(page);
    fixture.requests.length = 0;
    await nextRound(page);
    await eventually(() => fixture.count("/api/decisions"), 1);
    assert.equal(await page.locator("#announce").textContent(), "");
    fixture.script = script({ decisions: { ...DECISIONS, usdc: hold("gate_triggered", "residual gate triggered") } });
    await nextRound(page);
    await eventually(() => page.locator("#announce").textContent(), "usdc: HOLD, 0.00 USD, residual gate triggered");
  });
});

test("copy buttons copy the address, the decision as JSON and the command", async () => {
  const allowed = { permissions: ["clipboard-read", "clipboard-write"] };
  await withFixture(browser, script(), "?asset=usdc", allowed, async (page) => {
    await loaded(page);
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await page.locator("#wallet-rows button").first().click();
    await eventually(copied, DECISIONS.usdc.wallet_breakdown[2].wallet_address); // the one with most
    await page.click("#copy-command");
    await eventually(copied, "alert-orchestrator --config config/orchestrator_config.yaml explain usdc");
    await page.click("#copy-json");
    await eventually(async () => (await copied()).startsWith("{"), true);
    assert.deepEqual(JSON.parse(await copied()), { usdc: DECISIONS.usdc });
  });
});

test("text is copied over plain HTTP too, where the browser has no clipboard for pages", async () => {
  await withFixture(browser, script(), "?asset=usdc", { permissions: ["clipboard-read"] }, async (page) => {
    await loaded(page);
    await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"))));
    await page.click("#copy-command");
    await eventually(() => page.evaluate(() => navigator.clipboard.readText()), "alert-orchestrator --config config/orchestrator_config.yaml explain usdc");
    assert.equal(await page.locator("#announce").textContent(), "Copied.");
  });
});

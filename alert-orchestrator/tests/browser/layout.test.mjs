// Can everyone use it: on a phone, by keyboard, with 200 wallets, and with names that mean harm?

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WEB } from "./fixture.mjs";
import { accessible, eventually, fits, launch, loaded, text, withFixture } from "./support.mjs";
import { DECISIONS, KEYWORD, WALLETS, abbreviate, decision, explanation, hold, manyWallets, script, series, withdrawals } from "./states.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

test("320 px are enough in every state, with every panel open", async () => {
  for (const asset of Object.keys(DECISIONS)) {
    await withFixture(browser, script(), `?asset=${asset}`, { width: 320, height: 640, hasTouch: true, isMobile: true }, async (page) => {
      await loaded(page);
      await page.locator("#explain > summary").click();
      await page.locator("#glossary > summary").click();
      await fits(page);
      await accessible(page);
    });
  }
});

test("next to nothing jumps when the explanation comes after the decision", async () => {
  for (const asset of ["iusd", "usdc", "djed", "usdx"]) {
    let explain;
    const asked = new Promise((resolve) => (explain = resolve));
    const answers = { "GET /api/explain": async () => (await asked, { status: 200, json: explanation(asset, DECISIONS[asset]) }) };
    await withFixture(browser, script({ answers }), `?asset=${asset}`, { width: 1280, height: 900 }, async (page) => {
      await loaded(page, ["#withdrawal-rows > *", "#history-rows > *"]);
      await page.evaluate(() => {
        globalThis.jumped = 0;
        new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (globalThis.jumped += value))).observe({ type: "layout-shift" });
      });
      explain();
      await page.locator("#explain-steps > *").first().waitFor({ state: "attached" });
      // Two frames later it is drawn.
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      const jumped = await page.evaluate(() => globalThis.jumped);
      assert.ok(jumped < 0.1, `${asset}: a layout shift of ${jumped}`);
    });
  }
});

test("200 wallets scroll inside their table, under a header that stays", async () => {
  await withFixture(browser, script({ decisions: { usdc: manyWallets(200) } }), "?asset=usdc", {}, async (page) => {
    await loaded(page);
    assert.equal(await page.locator("#wallet-rows tr").count(), 200);
    assert.equal(await text(page, "wallets-title"), "Wallets (200), in USD");
    const table = page.locator("#wallet-table");
    const { height } = await table.boundingBox();
    assert.ok(height < 1000, `the table is ${height} px high`);
    await table.evaluate((region) => region.scrollTo(0, region.scrollHeight));
    const last = page.locator("#wallet-rows tr").last();
    const [head, region, row] = await Promise.all([page.locator("#wallet-table th").first().boundingBox(), table.boundingBox(), last.boundingBox()]);
    assert.ok(Math.abs(head.y - region.y) < 2, "the header left the top of its table");
    assert.ok(row.y + row.height <= region.y + region.height + 1, "the last row cannot be reached");
    await fits(page);
    await accessible(page);
  });
});

test("everything can be reached and done by keyboard, and 200 wallets are one stop", async () => {
  await withFixture(browser, script({ decisions: { ...DECISIONS, usdc: manyWallets(200) } }), "?asset=usdc", {}, async (page) => {
    await loaded(page);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the decision");
    const stops = [];
    for (let i = 0; i < 120; i++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const { activeElement: at } = document;
        if (at === document.body) return null;
        const outline = getComputedStyle(at.matches(".segments input") ? at.nextElementSibling : at).outlineStyle;
        return { name: at.id || at.closest("[id]").id, outlined: outline !== "none" };
      });
      if (stop === null) break;
      stops.push(stop);
    }
    assert.deepEqual(stops.filter(({ outlined }) => !outlined), []);
    const order = [...new Set(stops.map(({ name }) => name))];
    for (const id of ["asset", "autorefresh", "refresh", "copy-json", "copy-command", "view-corrected", "wallet-rows", "withdrawal-rows", "history-changes", "history-days", "explain", "glossary"]) {
      assert.ok(order.includes(id), `${id} is not among ${order}`);
    }
    assert.ok(order.indexOf("asset") < order.indexOf("copy-json") && order.indexOf("copy-json") < order.indexOf("wallet-rows"));
    assert.equal(stops.filter(({ name }) => name === "wallet-rows").length, 1);
    await page.locator("#wallet-rows button").first().focus();
    await page.keyboard.press("ArrowDown");
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /copy address addr1q0001/);
    await page.keyboard.press("End");
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /copy address addr1q0199/);
  });
});

test("charts are read and zoomed by keyboard", async () => {
  await withFixture(browser, script(), "?asset=usdc", {}, async (page) => {
    await loaded(page);
    const plot = page.locator("#panel-series .plot");
    const readout = page.locator("#panel-series .readout");
    await plot.focus();
    await page.keyboard.press("Home");
    await eventually(async () => (await readout.innerText()).startsWith("2025-10-02 02:00 · corrected position 15,"), true);
    await page.keyboard.press("ArrowRight");
    await eventually(async () => (await readout.innerText()).slice(0, 16), "2025-10-03 02:00");
    assert.equal(await readout.getAttribute("aria-live"), "polite");
    await page.keyboard.press("+");
    await page.locator("#panel-series .plot[data-zoomed=true]").waitFor();
    await page.keyboard.press("0");
    await page.locator("#panel-series .plot[data-zoomed=false]").waitFor();
    assert.match(await page.locator("#panel-series figcaption").innerText(), /lowest 1\d,\d{3}\.\d\d USD, highest .* newest .* 1 deposit, 1 withdrawal\. gain since t0 1,574\.09 USD\.$/);
    await page.locator("#flows > summary").click();
    assert.deepEqual(await page.locator("#flow-rows tr").allInnerTexts(), ["2025-12-21 01:00\twithdrawal\t500\t500.00", "2025-12-03 01:00\tdeposit\t400\t400.00"]);
  });
});

const legend = (page, panel) => page.locator(`#panel-${panel} .legend li`).evaluateAll((keys) => keys.map(({ textContent, className }) => [textContent, className]));

test("residuals are compared with σ, with k·σ, and with what triggers where that is elsewhere", async () => {
  const shown = series("usdc", "position"); // σ 20 USD, k 2
  const thresholds = [-40 - 1e-12, 40];
  const beside = (thresholds) => ({ ...shown, residual: { ...shown.residual, thresholds }, density: { ...shown.density, thresholds } });
  const [sigma, kSigma, trigger] = [["σ ±20.00", "key sigma"], ["k·σ ±40.00", "key k-sigma"], (text) => [`trigger ${text}`, "key threshold"]];
  const cases = [
    [beside(thresholds), [sigma, ["k·σ, trigger ±40.00", "key k-sigma"]]],
    [beside([-65, 65]), [sigma, kSigma, trigger("±65.00")]], // a floor
    [beside([-31, 44]), [sigma, kSigma, trigger("−31.00 … 44.00")]], // an interval
    [beside(null), [sigma, kSigma]],
    [{ ...beside([-65, 65]), sigma: null, k_times_sigma: null }, [trigger("±65.00")]],
  ];
  for (const [json, expected] of cases) {
    await withFixture(browser, script({ answers: { "GET /api/series": json } }), "?asset=usdc", {}, async (page) => {
      await loaded(page);
      for (const panel of ["residual", "density"]) {
        const levels = (await legend(page, panel)).filter(([, kind]) => /sigma|threshold/.test(kind));
        assert.deepEqual(levels, expected);
      }
    });
  }
});

test("there are bands about a baseline only: without one σ may be that of the price", async () => {
  const shown = series("usdc", "position");
  const labels = (page) => legend(page, "series").then((keys) => keys.map(([label]) => label));
  const price = series("usdc", "rate");
  const rateBased = { ...shown, sigma: price.sigma, k_times_sigma: price.k_times_sigma, residual: price.residual, density: price.density, series: { ...shown.series, baseline: null } };
  for (const [json, expected] of [[shown, ["position", "smoothed", "trend (fit)", "± k·σ", "± σ", "deposit", "withdrawal"]], [rateBased, ["position", "smoothed", "deposit", "withdrawal"]]]) {
    await withFixture(browser, script({ answers: { "GET /api/series": json } }), "?asset=usdc", {}, async (page) => {
      await loaded(page);
      assert.deepEqual(await labels(page), expected);
    });
  }
});

test("an address shows itself in full, a term its meaning; Escape closes both", async () => {
  await withFixture(browser, script(), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    const bubble = page.locator("#tooltip");
    await page.locator("#wallet-rows button").first().focus();
    assert.equal(await bubble.innerText(), WALLETS[0]);
    await page.keyboard.press("Escape");
    assert.equal(await bubble.isVisible(), false);
    for (const term of await page.locator("[data-about]").all()) {
      await term.getByRole("button").hover();
      assert.equal(await bubble.innerText(), await page.locator(`#about-${await term.getAttribute("data-about")}`).textContent());
    }
  });
});

test("hostile names are shown as the text they are", async () => {
  const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  const wallet = (wmax_usd) => ({ wallet_address: evil, abbreviated_address: abbreviate(evil), wmax_usd });
  const [first] = withdrawals().withdrawals;
  const memo = { ...first, memo: `${evil} ${KEYWORD}`, wallet_address: evil, abbreviated_address: evil, tx: evil };
  const hostile = script({
    decisions: { [evil]: hold("price_mismatch", evil, { prices_by_source: { [evil]: 1 } }), usdc: decision({ wallet_breakdown: [wallet(1)] }) },
    explain: { warnings: [evil], reference: evil },
    answers: { "GET /api/withdrawals": { withdrawals: [memo] } },
  });
  for (const asset of [evil, "usdc"]) {
    await withFixture(browser, hostile, `?asset=${encodeURIComponent(asset)}`, {}, async (page) => {
      await loaded(page);
      await page.locator("#explain > summary").click();
      await page.getByRole("button", { name: "Mark as reference" }).click();
      assert.equal(await text(page, "decision-asset"), asset);
      assert.ok((await text(page, "reference-change")).includes(evil));
      assert.ok((await text(page, "withdrawal-rows")).includes(evil));
      assert.equal(await page.locator("img, main script").count(), 0);
      assert.ok(!(await page.title()).startsWith("owned"));
      await fits(page);
    });
  }
});

test("the page with everything it loads is at most 180 kB, and all of it is loaded", async () => {
  await withFixture(browser, script(), "?asset=usdc", {}, async (page, fixture) => {
    await loaded(page);
    const files = (await readdir(join(WEB, "assets"), { recursive: true, withFileTypes: true })).filter((file) => file.isFile() && file.name !== "LICENSE");
    const paths = files.map((file) => join(file.parentPath ?? file.path, file.name));
    const asked = new Set(fixture.requests.map(({ path }) => path));
    assert.deepEqual(paths.map((path) => path.slice(WEB.length - 1)).filter((path) => !asked.has(path) && !path.endsWith("favicon.svg")), []);
    const sizes = await Promise.all([join(WEB, "index.html"), ...paths].map(async (path) => (await readFile(path)).length));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(total <= 180_000, `${total} bytes`);
  });
});

test("uPlot is the published file, unchanged", async () => {
  const vendored = await readFile(join(WEB, "assets/vendor/uplot/uPlot.iife.min.js"));
  assert.ok(vendored.equals(await readFile(new URL("node_modules/uplot/dist/uPlot.iife.min.js", import.meta.url))));
});

// Is every section there, and right, in every state of a decision?

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, eventually, fits, launch, loaded, nextRound, text, withFixture } from "./support.mjs";
import { DECISIONS, decision, explanation, failed, history, hold, script, series, status } from "./states.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** What the sections say of one asset. */
async function said(page) {
  const read = async (id) => ((await page.locator(`#${id}`).isVisible()) ? (await text(page, id)).replace(/\s+/g, " ").trim() : "");
  return {
    badge: await read("badge"),
    reason: await read("reason"),
    wmax: await read("wmax"),
    wallets: await read("wallets-title"),
    mode: await read("ref-mode"),
    gate: await read("gate-verdict"),
    prices: await read("price-verdict"),
  };
}

const STATES = {
  usdc: { badge: "WITHDRAW_OK", reason: "May be withdrawn now, from 3 wallets.", wmax: "299.11 USD", wallets: "Wallets (3), in USD", mode: "keyword", gate: "not triggered", prices: "within tolerance" },
  djed: { badge: "HOLD", reason: "non-positive gains since t0 (clamped)", wmax: "0.00 USD", wallets: "Wallets (3), in USD", mode: "keyword", gate: "not triggered", prices: "" },
  iusd: { badge: "HOLD", reason: DECISIONS.iusd.reason.message.replace("-", "−"), wmax: "0.00 USD", wallets: "Wallets (3), in USD", mode: "keyword", gate: "TRIGGERED", prices: "within tolerance" },
  usdm: { badge: "HOLD", reason: "insufficient points for residual gate (8 < 10)", wmax: "0.00 USD", wallets: "Wallets (3), in USD", mode: "data_range", gate: "too few points to judge", prices: "within tolerance" },
  usdt: { badge: "HOLD", reason: DECISIONS.usdt.reason.message, wmax: "0.00 USD", wallets: "Wallets (3), in USD", mode: "keyword", gate: "not triggered", prices: "MISMATCH" },
  usdx: { badge: "ERROR", reason: "asset not found: usdx; tables: djed, iusd, usdc, usdm, usdt", wmax: "0.00 USD", wallets: "", mode: "", gate: "", prices: "" },
};

for (const [asset, expected] of Object.entries(STATES)) {
  test(`${asset}: ${expected.badge} (${DECISIONS[asset].reason?.code ?? "no reason"}) is shown in full, light and dark`, async () => {
    for (const scheme of ["light", "dark"]) {
      await withFixture(browser, script(), `?asset=${asset}`, { scheme }, async (page) => {
        await loaded(page);
        assert.deepEqual(await said(page), expected);
        assert.equal(await page.title(), `${expected.badge} · ${asset} · Alert Orchestrator`);
        await page.locator("#explain > summary").click();
        await page.locator("#glossary > summary").click();
        await accessible(page);
        await fits(page);
      });
    }
  });
}

test("the card says what holds or limits and what would change it, in the words of the service, and Explain what was gained", async () => {
  const held = hold("off_peg", "off peg (0.9672 USD, 328 bps from 1.0, positions); residual gate triggered (residual -1222.19 USD, 3.6 σ)");
  const decisions = { iusd: held, usdc: decision(), usdx: failed("asset_not_found", "asset not found: usdx") };
  const summaries = {
    iusd: ["Nothing may be withdrawn now. Since then it gained 9.00 USD.", "Tag one (`alert-orchestrator tag --tx <b>`), or wait.", "It holds for this, too: it is 1222.19 USD off, not -3.00."],
    usdc: ["Up to 299.11 USD may be withdrawn now.", "What limits the amount: 0.5.", "It holds once nothing is left."],
    usdx: ["Nothing can be said of usdx now. Correct the name."],
  };
  const answers = { "GET /api/explain": (query) => ({ status: 200, json: explanation(query.get("asset"), decisions[query.get("asset")], { summary: summaries[query.get("asset")] }) }) };
  const inCard = { iusd: ["Tag one (alert-orchestrator tag --tx <b>), or wait.", "It holds for this, too: it is 1,222.19 USD off, not −3.00."], usdc: summaries.usdc.slice(1), usdx: summaries.usdx };
  for (const [asset, expected] of Object.entries(inCard)) {
    await withFixture(browser, script({ decisions, answers }), `?asset=${asset}`, {}, async (page) => {
      await loaded(page);
      assert.deepEqual(await page.locator("#summary > p").allInnerTexts(), expected);
      assert.deepEqual(await page.locator("#summary code").allInnerTexts(), asset === "iusd" ? ["alert-orchestrator tag --tx <b>"] : []);
      await page.locator("#explain > summary").click();
      // What the card says is not said again.
      assert.deepEqual(await page.locator("#explain-steps section:has(h3:text-is('In short')) p").allInnerTexts(), asset === "usdx" ? [] : [summaries[asset][0]]);
    });
  }
});

test("the figures of the gate, the prices and the wallets are those of the API", async () => {
  await withFixture(browser, script(), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    assert.deepEqual(await page.locator("#gate dd").allInnerTexts(), ["−222.19 USD", "61.69 USD", "2.00", "123.39 USD", "123.39 USD", "31"]);
    assert.equal(await text(page, "gate-sentence"), "The newest value lies 222.19 USD below its trend: 1.8 times the 123.39 USD that are tolerated.");
    assert.equal(await text(page, "gate-applied"), "applied: a triggered gate holds");
    assert.match(await text(page, "peg"), /^OFF PEG: 0\.967177 USD \(positions\), 328\.2 bps from 1\.0000 USD, 100 allowed/);
    assert.deepEqual(await page.locator("#warnings li").allInnerTexts(), ["withdrawn 500.00 USD since the reference without a tag: counted as gain already taken; tag it as the reference, or as principal (alert-orchestrator tag)"]);
    assert.deepEqual(await page.locator("#price-rows tr").allInnerTexts(), [
      "liqwid_graphql\t1.000300\t0.000000\t0.000 %",
      "positions\t1.000100\t−0.000200\t−0.020 %",
      "minswap_aggregator\t0.999200\t−0.001100\t−0.110 %",
      "greptime(minswap)\tno answer\t–\t–",
    ]);
    await page.selectOption("#asset", "usdc");
    await page.locator("#wmax:text-is('299.11 USD')").waitFor();
    await page.locator("#wallet-rows tr:has-text('8,160.92')").waitFor(); // what explain has of it
    assert.deepEqual(await page.locator("#wallet-rows tr").allInnerTexts(), ["addr1qxv…nzx9\n\t134.25\t267.53\t8,160.92", "addr1qxs…9y63\n\t101.33\t165.53\t7,158.92", "addr1q89…gpze\n\t63.53\t63.53\t6,156.92"]);
    assert.equal(await text(page, "gate-sentence"), "The newest value lies 12.35 USD above its trend, within the 37.80 USD that are tolerated.");
  });
});

test("a gate that is not applied, and prices nobody compares, say so", async () => {
  await withFixture(browser, script(), "?asset=usdm", {}, async (page) => {
    await loaded(page);
    assert.equal(await text(page, "gate-applied"), "not applied to this asset: shown only, it does not hold");
    await page.selectOption("#asset", "djed");
    await page.locator("#decision-asset:text-is('djed')").waitFor();
    await page.locator("#price:text-is('0.967177 USD per unit, compared with no other')").waitFor();
    assert.equal(await page.locator("#prices").isVisible(), false);
  });
});

test("the list of withdrawals says since when gains count, with a tag and without one", async () => {
  await withFixture(browser, script(), "?asset=usdc", {}, async (page) => {
    await loaded(page);
    assert.equal(await text(page, "references-note"), "Gains count from the newest withdrawal that is tagged as a reference.");
    await page.selectOption("#asset", "usdm"); // in data_range
    await eventually(() => text(page, "references-note"), "No withdrawal is tagged as a reference: gains count from t0, 2025-10-10 02:00.");
  });
});

test("explain shows the reference, each wallet's arithmetic, the gate and the peg", async () => {
  await withFixture(browser, script(), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    await page.locator("#explain > summary").click();
    assert.deepEqual(await page.locator("#explain-steps h3").allInnerTexts(), ["In short", "Reference", "Gain and limit per wallet", "Residual gate", "Peg"]);
    const steps = await text(page, "explain-steps");
    assert.match(steps, /Limit = min\(0\.5 × max\(0, gain\), max\(0, gain − untagged\), newest value\)/);
    assert.match(steps, /5,693\.39\s+6,156\.92\s+400\.00\s+0\.00\s+166\.67\s+63\.53\s+31\.77/);
    assert.match(steps, /All wallets\s+16,779\.75\s+16,889\.14\s+400\.00\s+500\.00\s+500\.00\s+209\.40/);
    assert.match(steps, /Peg\s+OFF PEG: 0\.967177 USD \(positions\), 328\.2 bps/);
    assert.match(steps, /Fit = 17,504\.340000 − 83\.210000·u − 209\.790000·u\^2, u = \(t − 2026-01-14 01:00\) \/ 15 days/);
    assert.match(steps, /k·σ = 2\.00 × 61\.69 USD = 123\.39 USD/);
    await accessible(page);
  });
});

test("the prices say how far apart they may be, for how long they are, and which were compared", async () => {
  const note = async (asset, decisions, prices) => {
    let said;
    const explain = (answer) => ({ ...answer, prices: { ...answer.prices, ...prices } });
    const answers = prices && { "GET /api/explain": explain(explanation(asset, decisions[asset])) };
    await withFixture(browser, script({ decisions, answers }), `?asset=${asset}`, {}, async (page) => {
      await loaded(page);
      said = await text(page, "price-note");
    });
    return said;
  };
  const compared = "Compared: positions, liqwid from liqwid_graphql, minswap from minswap_aggregator.";
  const apart = "0.001100 USD (0.110 %) apart, 0.7 % tolerated"; // 100 · 0.007 is 0.7000000000000001
  assert.equal(await note("iusd"), `${apart}; a mismatch holds at once. ${compared}`); // a persistence_threshold of 0 means 1
  assert.equal(await note("iusd", DECISIONS, { action: "alert" }), `${apart}; a mismatch is shown only. ${compared}`);
  assert.equal(await note("usdt", DECISIONS, { persistence_threshold: 3 }), `0.030300 USD (3.029 %) apart, 0.7 % tolerated; a mismatch holds after 3 evaluations, and lasts for 2 evaluations. ${compared}`);
  const alone = decision({ prices_by_source: { liqwid_graphql: 1, minswap_aggregator: null }, price_delta_abs: null, price_delta_rel: null, price_mismatch: null, price_compare_unavailable: 1 });
  assert.equal(await note("usdc", { usdc: alone }), "Fewer than two sources have a price: nothing to compare.");
});

test("a figure of the gate has the same digits in its card, in the charts and in the history", async () => {
  const cases = [
    ["corrected_position", 0.0034, "0.0034", 0.002, "0.0020"], // cents would say 0.00
    ["corrected_position", -222.19485, "−222.19", 61.69413, "61.69"],
    ["corrected_position", 2e-16, "0.00", 1e-16, "0.00"], // what binary arithmetic leaves of nothing
    ["change_rate_usd", -0.0013, "−0.001300", 0.00012, "0.000120"],
  ];
  for (const [basis, residual_usd, residual, sigma_usd, sigma] of cases) {
    const decided = decision({ residual_usd, sigma_usd });
    const gate = { ...explanation("usdc", decided).gate, basis };
    const unit = basis === "change_rate_usd" ? "USD per unit" : "USD";
    const drawn = series("usdc", basis === "change_rate_usd" ? "rate" : "corrected");
    drawn.residual.latest.value = drawn.density.latest = residual_usd;
    drawn.sigma = drawn.density.sigma = sigma_usd;
    const [entry] = history("usdc", decided, 1).entries;
    const answers = { "GET /api/history": { asset: "usdc", truncated: false, entries: [{ ...entry, residual_usd, sigma_usd }] }, "GET /api/series": drawn };
    await withFixture(browser, script({ decisions: { usdc: decided }, explain: { gate }, answers }), "?asset=usdc", {}, async (page) => {
      await loaded(page);
      assert.deepEqual(await page.locator("#residual, #sigma").allInnerTexts(), [`${residual} ${unit}`, `${sigma} ${unit}`]);
      await eventually(() => page.locator("#history-rows td:nth-child(5), #history-rows td:nth-child(6)").allInnerTexts(), [residual, sigma]);
      const legend = await page.locator("#panel-residual .legend li").allInnerTexts();
      assert.ok(legend.includes(`latest ${residual}`), String(legend));
      if (sigma_usd > 1e-9) assert.ok(legend.includes(`σ ±${sigma}`), String(legend));
    });
  }
});

test("the history has a dash where the gate had no figure", async () => {
  const [entry] = history("iusd", DECISIONS.iusd, 1).entries;
  const entries = [{ ...entry, residual_usd: null, sigma_usd: null }];
  await withFixture(browser, script({ answers: { "GET /api/history": { asset: "iusd", truncated: false, entries } } }), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    assert.deepEqual(await page.locator("#history-rows td:nth-child(5), #history-rows td:nth-child(6)").allInnerTexts(), ["–", "–"]);
  });
});

test("the gate's figures wait for their unit", async () => {
  const gate = { ...explanation("usdc", DECISIONS.usdc).gate, basis: "change_rate_usd", k_times_sigma: 0.004, threshold: 0.004 };
  const rate = { usdc: decision({ residual_usd: -0.0013, sigma_usd: 0.002 }) };
  let answer;
  const explained = new Promise((resolve) => (answer = resolve));
  const answers = { "GET /api/explain": async () => (await explained, { status: 200, json: explanation("usdc", rate.usdc, { gate }) }) };
  await withFixture(browser, script({ decisions: rate, answers }), "?asset=usdc", {}, async (page) => {
    await page.locator("#wmax:text-is('299.11 USD')").waitFor();
    assert.deepEqual(await page.locator("#residual, #sigma").allInnerTexts(), ["–", "–"]);
    answer();
    await eventually(() => page.locator("#residual, #sigma").allInnerTexts(), ["−0.001300 USD per unit", "0.002000 USD per unit"]);
  });
});

test("history lists decisions, their changes only, and older ones on demand", async () => {
  await withFixture(browser, script(), "?asset=iusd", {}, async (page, fixture) => {
    await loaded(page);
    const rows = page.locator("#history-rows tr");
    assert.equal(await rows.count(), 50);
    assert.match(await rows.first().innerText(), /^2026-01-29 01:00\s+HOLD\s+0\.00\s+500\.00\s+12\.00\s+18\.90\s+off peg/);
    await page.click("#history-more");
    assert.equal(await rows.count(), 60);
    await page.check("#history-changes");
    assert.equal(await rows.count(), 2); // the first of five holds, and the first of all
    fixture.requests.length = 0;
    await page.selectOption("#history-days", "365");
    await page.waitForResponse((response) => response.url().includes("/api/history"));
    const days = (Date.now() - Date.parse(fixture.requests.find(({ path }) => path === "/api/history").query.get("from"))) / 86_400_000;
    assert.ok(Math.abs(days - 365) < 1, `${days} days`);
  });
});

test("rows of one asset never stay under another, although their instants are the same", async () => {
  await withFixture(browser, script(), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    await page.selectOption("#asset", "usdc");
    await page.locator("#history-rows tr:has-text('299.11')").first().waitFor();
    assert.equal(await page.locator("#history-rows tr:has-text('off peg')").count(), 0);
  });
});

test("before the first evaluation the page waits calmly, then fills in by itself", async () => {
  const nothing = { error: "no evaluation yet", status: "error" };
  const early = script({ now: () => status({ last_evaluation: null, next_evaluation: null }), answers: { "GET /api/decisions": () => ({ status: 503, json: nothing }) } });
  await withFixture(browser, early, "?asset=usdc", {}, async (page, fixture) => {
    await page.locator("#waiting").waitFor();
    assert.equal(await page.locator("#decision").isVisible(), false);
    await accessible(page);
    fixture.script = script();
    await nextRound(page);
    await loaded(page);
    assert.equal(await text(page, "badge-word"), "WITHDRAW_OK");
    assert.equal(await page.locator("#waiting").isVisible(), false);
  });
});

test("a server that answers 503 to everything before its first evaluation is waited for as well", async () => {
  const nothing = () => ({ status: 503, json: { error: "no evaluation yet", status: "error" } });
  const early = { answers: { "GET /api/status": nothing, "GET /api/decisions": nothing } };
  await withFixture(browser, early, "", { tolerated: /503/ }, async (page) => {
    await page.waitForResponse((response) => response.status() === 503);
    await page.locator("#waiting").waitFor();
    assert.equal(await page.locator(".banner").count(), 0);
  });
});

test("times are those of the configured timezone", async () => {
  const zoned = (timezone) => script({ now: () => status({ timezone }) });
  for (const [timezone, t0] of [["Europe/Berlin", "2025-10-10 02:00"], ["America/New_York", "2025-10-09 20:00"], ["UTC", "2025-10-10 00:00"]]) {
    await withFixture(browser, zoned(timezone), "?asset=usdc", { timezoneId: "Asia/Tokyo" }, async (page) => {
      await loaded(page);
      assert.equal(await text(page, "t0"), t0);
      assert.equal(await text(page, "timezone"), timezone);
      assert.match(await text(page, "last-evaluation"), /^\d{4}-\d\d-\d\d \d\d:\d\d \(12 min ago\)$/);
      assert.match(await text(page, "next-evaluation"), /\(in 4[78] min\)$/);
    });
  }
});

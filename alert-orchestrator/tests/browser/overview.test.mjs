// Does the first look tell which asset offers what, in all, and whether that is to be relied on?

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, eventually, fits, launch, loaded, nextRound, text, withFixture } from "./support.mjs";
import { DECISIONS, WALLETS, abbreviate, decision, hold, script, status, twelve } from "./states.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844, hasTouch: true, isMobile: true };
const link = (page, asset) => page.locator(`#overview-rows a:text-is('${asset}')`);
const cells = (page) => page.locator("#overview-rows tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map(({ textContent }) => textContent)));

test("every asset has a row: its decision in word and sign, its limit, its reason and the age of its newest sample", async () => {
  const recent = { ...DECISIONS, usdc: decision({ t1_ts: new Date(Date.now() - 3 * 3_600_000 - 5_000).toISOString() }) };
  await withFixture(browser, script({ decisions: recent }), "?asset=usdc", {}, async (page) => {
    await loaded(page);
    const rows = await cells(page);
    assert.deepEqual(rows.map(([asset, word, limit, reason]) => [asset, word, limit, reason]), [
      ["djed", "HOLD", "0.00", "non-positive gains since t0 (clamped)"],
      ["iusd", "HOLD", "0.00", "off peg (0.9672 USD, 328 bps from 1.0, positions); residual gate triggered (residual −222.19 USD, 3.6 σ)"],
      ["usdc", "WITHDRAW_OK", "299.11", "from 3 wallets"],
      ["usdm", "HOLD", "0.00", "insufficient points for residual gate (8 < 10)"],
      ["usdt", "HOLD", "0.00", DECISIONS.usdt.reason.message],
      ["usdx", "ERROR", "0.00", "asset not found: usdx; tables: djed, iusd, usdc, usdm, usdt"],
    ]);
    assert.equal(rows[2][4], "3.0 h ago");
    assert.match(rows[0][4], /^\d+ days ago$/);
    assert.equal(rows[5][4], "–");
    const signs = await page.locator("#overview-rows use").evaluateAll((uses) => uses.map((use) => use.getAttribute("href")));
    assert.deepEqual(signs, ["#icon-hold", "#icon-hold", "#icon-withdraw", "#icon-hold", "#icon-hold", "#icon-error"]);
  });
});

test("the age of a sample is in hours, as the limit that it is held to, and in days once they are many", async () => {
  const cases = [[150, "2 min ago"], [1.5 * 3600, "1.5 h ago"], [30.5 * 3600, "30.5 h ago"], [71.9 * 3600, "71.9 h ago"], [72 * 3600, "3 days ago"], [40 * 86400, "40 days ago"]];
  const now = Date.now();
  const aged = Object.fromEntries(cases.map(([seconds], i) => [`coin${i}`, decision({ t1_ts: new Date(now - seconds * 1000 - 100).toISOString() })]));
  await withFixture(browser, script({ decisions: aged, now: () => status({ now: new Date(now).toISOString() }) }), "", {}, async (page) => {
    await loaded(page);
    assert.deepEqual((await cells(page)).map((row) => row[4]), cases.map(([, said]) => said));
  });
});

test("a row leads to its asset without a reload, keeps the rest of the address, and is the one marked", async () => {
  await withFixture(browser, script(), "?asset=usdc&view=rate&x=1", WIDE, async (page) => {
    await loaded(page);
    const marked = () => page.locator("#overview-rows [aria-current=true]").allInnerTexts();
    assert.deepEqual(await marked(), ["usdc"]);
    assert.equal(await link(page, "iusd").getAttribute("href"), "?asset=iusd&view=rate&x=1");
    await page.evaluate(() => (globalThis.kept = true));
    await link(page, "iusd").focus();
    await page.keyboard.press("Enter");
    await page.locator("#decision-asset:text-is('iusd')").waitFor();
    assert.deepEqual(await marked(), ["iusd"]);
    assert.match(page.url(), /\?asset=iusd&view=rate&x=1$/);
    assert.equal(await page.evaluate(() => globalThis.kept), true);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "iusd"); // the next row is one Tab away
    await eventually(() => page.locator("#announce").textContent(), `iusd: HOLD, 0.00 USD, ${DECISIONS.iusd.reason.message.replace("-", "−")}`);
    assert.ok(await page.locator("#badge").evaluate((badge) => badge.getBoundingClientRect().bottom < innerHeight), "the decision is not in sight");
    await page.goBack();
    await page.locator("#decision-asset:text-is('usdc')").waitFor();
    assert.deepEqual(await marked(), ["usdc"]);
  });
});

test("twelve assets fit a screen, wide and phone, without a broken word and without scrolling sideways", async () => {
  for (const size of [WIDE, PHONE]) {
    await withFixture(browser, script({ decisions: twelve() }), "?asset=dai", size, async (page) => {
      await loaded(page);
      const { height } = await page.locator("#overview").boundingBox();
      assert.ok(height < size.height, `the overview of twelve is ${height} px high on a screen of ${size.height} px`);
      assert.deepEqual(await page.locator("#overview .scroll").evaluate((region) => region.scrollWidth - region.clientWidth), 0);
      const broken = await page.locator("#overview-rows tr :is(a, .mark)").evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().height > 30).length);
      assert.equal(broken, 0);
      await fits(page);
      await accessible(page);
    });
  }
});

test("nothing of a row lies over anything else, however much it offers", async () => {
  const large = { ...DECISIONS, usdt: decision({ wmax_usd: 2737.29 }), usdc: decision({ wmax_usd: 1_234_567.89 }) };
  for (const width of [320, 390, 500, 1280]) {
    await withFixture(browser, script({ decisions: large }), "?asset=usdc", { width, height: 844 }, async (page) => {
      await loaded(page);
      const over = await page.locator("#overview-rows tr").evaluateAll((rows) => rows.flatMap((row) => {
        const boxes = [...row.cells].map((cell) => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          const [text, room] = [range.getBoundingClientRect(), cell.getBoundingClientRect()];
          // What is cut is seen as far as its cell goes.
          return cell.className === "cut" || cell.tagName === "TH" ? room : text;
        });
        return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1).map(() => row.textContent));
      }));
      assert.deepEqual(over, [], `${width}`);
      const names = await page.locator("#overview-rows a").evaluateAll((links) => links.map((link) => link.clientWidth));
      assert.ok(names.every((seen) => seen >= 24), `${names} at ${width}`);
    });
  }
});

test("a long reason is cut in sight, and whole for a screen reader, the pointer and the keyboard", async () => {
  for (const size of [WIDE, PHONE]) {
    await withFixture(browser, script({ decisions: twelve() }), "?asset=dai", size, async (page) => {
      await loaded(page);
      const cell = page.locator("#overview-rows tr:has-text('coin1') .cut");
      const whole = twelve().coin1.reason.message;
      assert.equal(await cell.textContent(), whole.replace(WALLETS[0], abbreviate(WALLETS[0]))); // not cut within the address
      assert.ok(await cell.evaluate((one) => one.scrollWidth > one.clientWidth && one.clientHeight < 40));
      await link(page, "coin1").focus();
      assert.equal(await text(page, "tooltip"), whole);
      await page.keyboard.press("Escape");
      await cell.hover();
      assert.equal(await text(page, "tooltip"), whole);
    });
  }
});

test("the total is the sum of what is offered; it names who is not in it, and is not there where it says nothing", async () => {
  const total = (page) => page.locator("#overview-total").isVisible();
  const gone = { tolerated: /ERR_CONNECTION|ERR_EMPTY_RESPONSE/ };
  await withFixture(browser, script({ decisions: twelve() }), "?asset=usdc", gone, async (page, fixture) => {
    await loaded(page);
    assert.equal(await text(page, "overview-sum"), "335.21"); // 299.11 + 36.10
    assert.equal(await text(page, "overview-count"), "2 of 12 assets offer; without usdx, which cannot be judged");
    await fixture.vanish();
    await nextRound(page);
    await page.locator(".banner.bad").waitFor();
    assert.equal(await total(page), false);
  });
  await withFixture(browser, script({ decisions: { usdc: decision() } }), "", {}, async (page) => {
    await loaded(page);
    assert.equal(await total(page), false);
  });
});

/** Elements that are green in a card that `cards` matches. */
const green = (page, cards) =>
  page.evaluate((within) => {
    const isGreen = (colour) => {
      const [red, greenish, blue, alpha = 1] = (colour.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
      return alpha > 0 && greenish > red + 12 && greenish > blue + 12;
    };
    const all = [...document.querySelectorAll(within)].filter((one) => one.checkVisibility());
    const colours = (one) => ["color", "backgroundColor", "borderTopColor", "borderBottomColor"].map((name) => getComputedStyle(one)[name]);
    return all.filter((one) => colours(one).some(isGreen)).map((one) => one.textContent.trim().slice(0, 40));
  }, cards);

test("nothing is green as of a past date, nor of an asset whose samples are old or whose coin is off its peg", async () => {
  const asset = ".card:not(#overview), .card:not(#overview) *";
  const stale = { usdc: hold("stale_data", "stale data (newest sample 30.5 h old)"), djed: decision() };
  const late = new Date(Date.now() - 7_200_000).toISOString();
  const cases = [
    [script({ now: () => status({ as_of: "2026-01-29T00:00:00Z" }) }), "*"],
    [script({ now: () => status({ last_evaluation: late, next_evaluation: late }) }), "*"],
    [script({ decisions: stale }), asset],
    // Shown only: the gate is not applied.
    [script({ decisions: { usdc: decision({ off_peg: true, gate_applied: false }), djed: hold("no_gain", "non-positive gains since t0 (clamped)") } }), "*"],
  ];
  for (const scheme of ["light", "dark"]) {
    await withFixture(browser, script(), "?asset=usdc", { scheme }, async (page) => {
      await loaded(page);
      assert.ok((await green(page, asset)).includes("WITHDRAW_OK"), "the test does not see green");
    });
    for (const [scripted, within] of cases) {
      await withFixture(browser, scripted, "?asset=usdc", { scheme }, async (page) => {
        await loaded(page);
        await eventually(() => green(page, within), []);
        await accessible(page);
      });
    }
  }
});

test("title, selector and badge say when the figures are those of a past date, or the last that the server gave", async () => {
  await withFixture(browser, script({ now: () => status({ as_of: "2026-01-29T00:00:00Z" }) }), "?asset=usdc", {}, async (page) => {
    await loaded(page);
    assert.equal(await page.title(), "WITHDRAW_OK · usdc · as of 2026-01-29 01:00 · Alert Orchestrator");
    assert.equal(await text(page, "badge-note"), "as of 2026-01-29 01:00");
    assert.equal(await text(page, "reason"), "Could be withdrawn then, from 3 wallets.");
    assert.ok(await page.locator("#overview-total").isHidden(), "a sum of what was once offered is nothing to rely on");
  });
  await withFixture(browser, script(), "?asset=usdc", { tolerated: /ERR_CONNECTION|ERR_EMPTY_RESPONSE/ }, async (page, fixture) => {
    await loaded(page);
    const option = page.locator("#asset option[value=usdc]");
    assert.equal(await option.textContent(), "usdc · WITHDRAW_OK");
    fixture.script = script({ now: () => status({ last_evaluation: null, next_evaluation: null }) });
    await nextRound(page);
    await eventually(() => page.title(), "Last known WITHDRAW_OK · usdc · Alert Orchestrator");
    await fixture.vanish();
    await nextRound(page);
    await eventually(() => page.title(), "Server unreachable · usdc · Alert Orchestrator");
    assert.equal(await option.textContent(), "usdc · last known WITHDRAW_OK");
    assert.equal(await text(page, "reason"), "Could be withdrawn at the last evaluation, from 3 wallets.");
    fixture.script = script();
    await fixture.comeBack();
    await nextRound(page);
    await eventually(() => page.title(), "WITHDRAW_OK · usdc · Alert Orchestrator");
    assert.equal(await option.textContent(), "usdc · WITHDRAW_OK");
  });
});

// Does the page use its room: no word broken, nothing too small to touch, nothing empty, edges that meet?

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, fits, launch, loaded, withFixture } from "./support.mjs";
import { DECISIONS, decision, hold, script, twelve } from "./states.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const phone = (width) => ({ width, height: 844, hasTouch: true, isMobile: true });

/** Words of letters, as they are read, whose beginning and end stand on two lines. */
const broken = (page) =>
  page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.parentElement.checkVisibility() || node.parentElement.closest("code, .full, option")) continue;
      for (const { index, 0: word } of node.data.matchAll(/[A-Za-z_]{2,18}/g)) {
        const range = new Range();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const tops = [...range.getClientRects()].map(({ top }) => Math.round(top));
        // Letters of a hash are no word.
        if (new Set(tops).size > 1 && !/\d/.test((node.data[index - 1] ?? " ") + (node.data[index + word.length] ?? " "))) found.push(word);
      }
    }
    return found;
  });

test("no word is broken on a phone, in any state, with every panel open", async () => {
  for (const asset of ["dai", "coin1", ...Object.keys(DECISIONS)]) {
    await withFixture(browser, script({ decisions: twelve() }), `?asset=${asset}`, phone(390), async (page) => {
      await loaded(page);
      await page.evaluate(() => document.querySelectorAll("details:not([hidden])").forEach((one) => (one.open = true)));
      assert.deepEqual(await broken(page), [], asset);
      await fits(page);
    });
  }
});

test("wallets and gate are together as tall as the decision", async () => {
  for (const [asset, decisions] of [["iusd", DECISIONS], ["usdc", DECISIONS], ["iusd", { iusd: { ...DECISIONS.iusd, prices_by_source: null } }]]) {
    await withFixture(browser, script({ decisions }), `?asset=${asset}`, { width: 1280 }, async (page) => {
      await loaded(page);
      const box = (id) => page.locator(`#${id}`).boundingBox();
      const [said, wallets, gate] = await Promise.all(["decision", "wallets", "gate"].map(box));
      assert.ok(wallets.x > said.x + said.width && gate.x === wallets.x, "beside it");
      assert.ok(wallets.y === said.y && gate.y > wallets.y + wallets.height && gate.y + gate.height === said.y + said.height, "as tall as it");
    });
  }
});

test("the selector stays on the screen with a long name, and cuts no word where there is room", async () => {
  const decisions = { "a-rather-long-stablecoin": decision(), usdc: decision() };
  for (const width of [320, 390, 720, 1280]) {
    await withFixture(browser, script({ decisions }), "", phone(width), async (page) => {
      await loaded(page);
      const { x, width: taken } = await page.locator("#asset").boundingBox();
      assert.ok(x + taken <= width, `${x} + ${taken} of ${width}`);
      await fits(page);
      const [cut, whole] = await page.locator("#asset").evaluate((select) => [select.offsetWidth, Object.assign(select.style, { minWidth: "max-content", maxWidth: "none" }) && select.offsetWidth]);
      assert.ok(width < 720 || cut >= whole, `${cut} of ${whole} px at ${width}`);
    });
  }
});

test("what is touched is 24 px at least, either way", async () => {
  for (const asset of ["iusd", "usdc", "usdx"]) {
    await withFixture(browser, script(), `?asset=${asset}`, phone(390), async (page) => {
      await loaded(page);
      await page.evaluate(() => document.querySelectorAll("details:not([hidden])").forEach((one) => (one.open = true)));
      const small = await page.locator("button, a, select, summary, input").evaluateAll((all) =>
        all.flatMap((one) => {
          // A label is part of what it names.
          const target = one.closest("label") ?? one;
          const { width, height } = target.getBoundingClientRect();
          const isThere = target.checkVisibility() && !one.matches(".skip");
          return isThere && (width < 24 || height < 24) ? [`${one.id || one.outerHTML.slice(0, 90)}: ${width} × ${height}`] : [];
        }));
      assert.deepEqual(small, []);
    });
  }
});

test("header, notices and cards share their edges on every screen", async () => {
  for (const width of [390, 1280, 1680, 2560]) {
    await withFixture(browser, script(), "?asset=gold", { width, height: 900 }, async (page) => {
      await loaded(page);
      const edges = await page.evaluate(() => {
        const { left: inside } = document.querySelector("h1").getBoundingClientRect();
        const { left, right } = document.querySelector("#overview").getBoundingClientRect();
        const notice = document.querySelector(".banner");
        const from = notice.getBoundingClientRect().left + parseFloat(getComputedStyle(notice).paddingLeft);
        return { inside, notice: from, left, right: document.documentElement.clientWidth - right };
      });
      assert.ok(Math.max(...Object.values(edges)) - Math.min(...Object.values(edges)) < 1, JSON.stringify({ width, ...edges }));
      await fits(page);
    });
  }
});

test("an asset in error shows no card without a figure, and what is left takes the room", async () => {
  await withFixture(browser, script(), "?asset=usdx", { width: 1280, height: 900 }, async (page) => {
    await loaded(page);
    const cards = await page.locator("main > .card").evaluateAll((all) => all.filter((one) => one.checkVisibility()).map(({ id }) => id));
    assert.deepEqual(cards, ["overview", "decision", "withdrawals", "history", "explain", "glossary"]);
    assert.equal(await page.locator("#decision dd:visible").count(), 0);
    const widths = await page.locator("#overview, #decision").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
    assert.equal(widths[0], widths[1]);
    await accessible(page);
  });
});

test("a hold without a gate or prices shows neither, and no dash", async () => {
  const nothing = { residual_usd: null, sigma_usd: null, k_sigma: null, residual_trigger: null, prices_by_source: null, g_usd: null, withdrawn_since_reference_usd: null, t0_ts: null, ref_mode: null };
  const decisions = { usdc: hold("no_reference", "no reference: nothing is tagged", nothing) };
  const explain = { gate: null, peg: null, prices: null, wallets: [], totals: null, t0: null };
  await withFixture(browser, script({ decisions, explain }), "", { width: 1280, height: 900 }, async (page) => {
    await loaded(page);
    for (const card of ["gate", "prices", "wallets"]) assert.equal(await page.locator(`#${card}`).isVisible(), false, card);
    assert.deepEqual(await page.locator("#decision dd:visible").allInnerTexts(), ["none", "2026-01-29 01:00", "0.967177 USD per unit, compared with no other"]);
  });
});

test("no card has more than a hand of white below what it says", async () => {
  for (const [asset, width] of [["usdc", 1280], ["iusd", 1280], ["usdc", 1680], ["usdc", 2560], ["usdt", 2560]]) {
    await withFixture(browser, script(), `?asset=${asset}`, { width, height: 900 }, async (page) => {
      await loaded(page);
      const white = await page.locator("#decision, #wallets, #gate, #prices, #charts").evaluateAll((all) =>
        all.map((one) => {
          const ends = [...one.children].filter((child) => child.checkVisibility() && !child.matches(".actions")).map((child) => child.getBoundingClientRect().bottom);
          return [one.id, Math.round(one.getBoundingClientRect().bottom - Math.max(...ends))];
        }));
      assert.deepEqual(white.filter(([, below]) => below > 200), [], `${asset} at ${width} px`);
    });
  }
});

test("a table that is wider than the phone has a shadow at the edge behind which it goes on", async () => {
  await withFixture(browser, script(), "?asset=usdc", phone(390), async (page) => {
    await loaded(page);
    const region = page.locator("#history .scroll");
    assert.ok(await region.evaluate((one) => one.scrollWidth > one.clientWidth));
    await region.scrollIntoViewIfNeeded();
    /** How bright the two pixels at the right edge are, of 255. */
    const edge = async () => {
      const { x, y, width, height } = await region.boundingBox();
      const picture = await page.screenshot({ clip: { x: x + width - 2, y: y + 40, width: 2, height: height - 60 } });
      return page.evaluate(async (base64) => {
        const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
        canvas.drawImage(bitmap, 0, 0);
        const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
        return data.filter((_, i) => i % 4 !== 3).reduce((sum, value) => sum + value, 0) / (data.length * 0.75);
      }, picture.toString("base64"));
    };
    const goesOn = await edge();
    await region.evaluate((one) => one.scrollTo(one.scrollWidth, 0));
    const ends = await edge();
    assert.ok(goesOn < ends - 25, `${goesOn} where the table goes on, ${ends} where it ends`);
  });
});

test("cards come with their figures: nothing in sight moves down when they do", async () => {
  let answer;
  const decided = new Promise((resolve) => (answer = resolve));
  const late = script({ answers: { "GET /api/decisions": async () => (await decided, { status: 200, json: DECISIONS }) } });
  await withFixture(browser, late, "?asset=usdc", phone(390), async (page) => {
    await page.waitForRequest("**/api/decisions");
    assert.equal(await page.locator("main > .card:visible").count(), 0);
    assert.ok(await page.locator("footer").evaluate((footer) => footer.getBoundingClientRect().top >= innerHeight), "the footer is in sight");
    answer();
    await loaded(page);
    assert.ok((await page.locator("main > .card:visible").count()) > 5);
  });
});

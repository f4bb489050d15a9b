// Can one withdraw by the table of wallets: sorted, as a file, with 200 of them, and on a phone?

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { accessible, eventually, launch, loaded, nextRound, text, withFixture } from "./support.mjs";
import { DECISIONS, WALLETS, abbreviate, decision, hold, manyWallets, script, status, withdrawals } from "./states.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const PHONE = { width: 390, height: 844, hasTouch: true, isMobile: true };
const first = (page) => page.locator("#wallet-rows th").allInnerTexts().then((all) => all.map((one) => one.trim()));
const [A, B, C] = WALLETS.map(abbreviate);

test("the table is sorted by any column, by pointer and keyboard, and says so", async () => {
  await withFixture(browser, script(), "?asset=usdc", {}, async (page) => {
    await loaded(page);
    const sorts = () => page.locator("#wallet-table th[aria-sort]").evaluateAll((all) => all.map((one) => one.ariaSort));
    assert.deepEqual([await first(page), await sorts()], [[C, B, A], ["none", "descending", "none", "none"]]); // 134.25, 101.33, 63.53
    const header = (name) => page.locator("#wallet-table th").getByRole("button", { name });
    await header("W_max").click();
    assert.deepEqual([await first(page), await sorts()], [[A, B, C], ["none", "ascending", "none", "none"]]);
    await header("Gain").focus();
    await page.keyboard.press("Enter");
    assert.deepEqual([await first(page), await sorts()], [[C, B, A], ["none", "none", "descending", "none"]]);
    await header("Wallet").click();
    assert.deepEqual([await first(page), await sorts()], [[A, B, C], ["ascending", "none", "none", "none"]]);
    assert.equal(await page.locator("#wallet-rows button[tabindex='0']").count(), 1);
    await accessible(page);
  });
});

test("a refresh keeps the order that was chosen, and the focus of a row that moves", async () => {
  await withFixture(browser, script(), "?asset=usdc", {}, async (page, fixture) => {
    await loaded(page);
    await page.locator("#wallet-rows button").first().focus();
    const shares = [[WALLETS[0], 200], [WALLETS[1], 99], [WALLETS[2], 0.11]];
    const wallet_breakdown = shares.map(([wallet_address, wmax_usd]) => ({ wallet_address, abbreviated_address: abbreviate(wallet_address), wmax_usd }));
    fixture.script = script({ decisions: { ...DECISIONS, usdc: decision({ wallet_breakdown }) } });
    await nextRound(page);
    await eventually(() => first(page), [A, B, C]);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.tip), WALLETS[2]);
  });
});

async function file(page) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#wallets-csv")]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
}

test("the file has full addresses, the figures of the API to the cent, and of which decision they are and as of when", async () => {
  await withFixture(browser, script(), "?asset=usdc", {}, async (page, fixture) => {
    await loaded(page);
    fixture.requests.length = 0;
    assert.deepEqual(await file(page), {
      name: "usdc-wallets.csv",
      text: [
        "asset,wallet_address,wmax_usd,gain_usd,newest_usd,decision,as_of",
        `usdc,${WALLETS[0]},63.53,63.53,6156.92,WITHDRAW_OK,2026-01-29T00:00:00Z`,
        `usdc,${WALLETS[1]},101.33,165.53,7158.92,WITHDRAW_OK,2026-01-29T00:00:00Z`,
        `usdc,${WALLETS[2]},134.25,267.53,8160.92,WITHDRAW_OK,2026-01-29T00:00:00Z`,
        "",
      ].join("\r\n"),
    });
    assert.deepEqual(fixture.requests, []); // it is made on the page
    await page.selectOption("#asset", "djed"); // held
    await page.locator("#wallets-note:visible").waitFor();
    await loaded(page);
    assert.equal((await file(page)).text.split("\r\n")[1], `djed,${WALLETS[0]},0.00,63.53,6156.92,HOLD,2026-01-29T00:00:00Z`);
  });
});

test("without the figures of explain the file is as of what the status says", async () => {
  const gone = { "GET /api/explain": () => ({ status: 503, json: { error: "gone", status: "error" } }) };
  for (const [change, as_of] of [[{ last_evaluation: "2026-03-01T10:00:00Z" }, "2026-03-01T10:00:00Z"], [{ as_of: "2026-02-01T00:00:00Z" }, "2026-02-01T00:00:00Z"]]) {
    await withFixture(browser, script({ answers: gone, now: () => status(change) }), "?asset=usdc", { tolerated: /status of 503/ }, async (page) => {
      await page.locator("#explain-note:not([hidden])").waitFor({ state: "attached" });
      assert.equal((await file(page)).text.split("\r\n")[1], `usdc,${WALLETS[0]},63.53,,,WITHDRAW_OK,${as_of}`);
    });
  }
});

test("no name in the file is a formula, whatever separator a spreadsheet splits it by", async () => {
  const evil = ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "a;=1+1", 'a",=1', "a\r\n=1", "＝1", "plain-Name_1.5:x"];
  const wallet_breakdown = evil.map((wallet_address) => ({ wallet_address, abbreviated_address: wallet_address, wmax_usd: 1 }));
  await withFixture(browser, script({ decisions: { "=usdc;": decision({ wallet_breakdown }) } }), "", {}, async (page) => {
    await loaded(page);
    const { name, text: said } = await file(page);
    assert.equal(name, "%3Dusdc%3B-wallets.csv");
    const lines = said.trimEnd().split("\r\n");
    assert.equal(lines.length, 1 + evil.length);
    for (const [i, line] of lines.slice(1).entries()) {
      const [asset, address, ...figures] = line.split(",");
      assert.match(figures.splice(3).join(), /^WITHDRAW_OK,\d{4}-[\d:T.-]+Z$/);
      assert.match(asset + address, /^[\w%][\w%.!~*'():-]*$/); // no separator, no quote, no character that begins a formula
      assert.doesNotMatch(address, /^[=+\-@\s]/);
      assert.equal(decodeURIComponent(address), evil[i]);
      assert.deepEqual(figures, ["1.00", "", ""]);
    }
  });
});

test("200 wallets make no long page, and each warning of the service is said as it is", async () => {
  const explain = { warnings: ["no table of withdrawals: taken as none, which can only lower the gain", "200 of 200 wallets are stale, oldest 1030.5 h"] };
  for (const [size, most] of [[{}, 3500], [PHONE, 5500]]) {
    const decisions = { usdc: manyWallets(200), djed: hold("stale_data", "stale data (newest sample 44.4 h old)") };
    await withFixture(browser, script({ decisions, explain }), "?asset=usdc", size, async (page) => {
      for (const asset of ["usdc", "djed"]) {
        await page.selectOption("#asset", asset);
        await page.locator(`#decision-asset:text-is('${asset}')`).waitFor();
        await loaded(page);
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        assert.ok(height < most, `${asset}: the page is ${height} px long`);
      }
      assert.deepEqual(await page.locator("#warnings li").allInnerTexts(), [explain.warnings[0], "200 of 200 wallets are stale, oldest 1,030.5 h"]);
    });
  }
});

test("withdrawals without a tag say by how much they lower the limit, in figures as everywhere, or that they do not", async () => {
  const figure = async (usd, taken_usd) => {
    const answers = taken_usd === undefined ? {} : { "GET /api/explain": { wallets: WALLETS.map((address, i) => ({ address, gain_usd: 1, newest_usd: 1, flows: [], taken_usd: i ? 0 : taken_usd })), warnings: [], summary: [] } };
    let said;
    await withFixture(browser, script({ decisions: { usdc: decision({ withdrawn_since_reference_usd: usd }) }, answers }), "", {}, async (page) => {
      await page.locator("#wallet-rows tr").first().waitFor();
      await page.locator("#history-rows tr").first().waitFor();
      said = (await page.locator("#withdrawn").isVisible()) ? await text(page, "withdrawn") : null;
    });
    return said;
  };
  assert.equal(await figure(1521.94, 1036.1), "1,521.94 USD, lowers the limit by 1,036.10 USD");
  assert.equal(await figure(12, 0), "12.00 USD, lowers no limit");
  assert.equal(await figure(0), null);
});

test("the reference stays above all withdrawals, however many came since", async () => {
  const all = withdrawals().withdrawals;
  const newer = Array.from({ length: 60 }, (_, i) => ({ ...all[0], ts: new Date(Date.parse(all[0].ts) + (60 - i) * 3_600_000).toISOString(), tx: `${i}`, tx_hash: `${i}` }));
  await withFixture(browser, script({ answers: { "GET /api/withdrawals": { withdrawals: [...newer, ...all] } } }), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    const region = page.locator("#withdrawals .scroll");
    await region.evaluate((one) => one.scrollTo(0, one.scrollHeight));
    const pinned = page.locator("#withdrawal-rows tr", { has: page.locator(".flag:text-is('reference')") });
    const [top, row] = await Promise.all([region.boundingBox(), pinned.locator("td").first().boundingBox()]);
    assert.ok(row.y >= top.y && row.y < top.y + 60, `the reference is at ${row.y}, its table at ${top.y}`);
  });
});

test("on a phone wallets come before the charts, and marking a withdrawal needs no scrolling sideways", async () => {
  for (const width of [390, 320]) {
    await withFixture(browser, script(), "?asset=iusd", { ...PHONE, width }, async (page) => {
      await loaded(page);
      const top = (id) => page.locator(id).evaluate((one) => one.getBoundingClientRect().top);
      assert.ok((await top("#wallets")) < (await top("#charts")));
      const buttons = await page.locator("#withdrawal-rows .act").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().right));
      assert.equal(buttons.length, 3);
      assert.deepEqual(buttons.filter((right) => right > width), []);
      const overlaps = await page.locator("#withdrawal-rows td").evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent));
      assert.deepEqual(overlaps, []);
      const [table] = await page.locator("#withdrawals .scroll").evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth));
      assert.equal(table, 0);
    });
  }
});

test("commands carry the configuration as the operator gave it, quoted for a shell", async () => {
  const config_path = "/srv/it's here/a.yaml";
  await withFixture(browser, script({ decisions: { "a b": decision() }, now: () => status({ config_path, references_writable: false }) }), "", {}, async (page) => {
    await loaded(page);
    assert.equal(await text(page, "explain-command"), `alert-orchestrator --config '/srv/it'\\''s here/a.yaml' explain 'a b'`);
    assert.equal(await page.locator("#references-note code").innerText(), `alert-orchestrator --config '/srv/it'\\''s here/a.yaml' tag --asset 'a b' --latest`);
  });
});

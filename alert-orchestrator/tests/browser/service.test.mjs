// Does the page show what the real service answers? The built binary, on the data that come with the repository.

import assert from "node:assert/strict";
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { WEB } from "./fixture.mjs";
import { LOGIN, makeFolder, start, stop } from "./service.mjs";
import { accessible, eventually, fits, launch, loaded, nextRound, text, withPage } from "./support.mjs";

const ASSETS = ["djed", "iusd", "usdc", "usdm", "usdt"];
const WORDS = { 1: "WITHDRAW_OK", 0: "HOLD", [-1]: "ERROR" };

let browser;
let folder;
let service;
before(async () => {
  browser = await launch();
  folder = await makeFolder();
  service = await start(folder, 0);
});
after(async () => {
  await stop(service);
  await browser.close();
  await rm(folder, { recursive: true });
});

const onPage = (query, options, use) => withPage(browser, `${service.address}/dashboard${query}`, options, use);
const api = async (path) => (await fetch(`${service.address}${path}`)).json();

test("the binary serves the page as it is in the repository, and no other file", async () => {
  const files = ["index.html", ...(await readdir(join(WEB, "assets"), { recursive: true })).filter((name) => /\.\w+$/.test(name)).map((name) => `assets/${name}`)];
  for (const file of files) {
    const served = await fetch(`${service.address}/${file === "index.html" ? "dashboard" : file}`);
    assert.equal(await served.text(), await readFile(join(WEB, file), "utf8"), `${file} is not what the binary was built with; build it again`);
    assert.equal(served.headers.get("content-security-policy"), "default-src 'self'");
  }
  for (const path of ["/assets/types.d.ts", "/types.d.ts", "/assets/..%2findex.html", "/assets/js/"]) {
    assert.equal((await fetch(service.address + path)).status, 404, path);
  }
});

test("the address with a slash at its end shows the page, and what it was asked for", async () => {
  await withPage(browser, `${service.address}/dashboard/?asset=usdt`, {}, async (page) => {
    await loaded(page);
    assert.equal(page.url().replace(/&.*/, ""), `${service.address}/dashboard?asset=usdt`);
  });
});

test("each asset's decision, figures and wallets are those of the API, without a fault for axe or the console", async () => {
  const decisions = await api("/api/decisions");
  assert.deepEqual(Object.keys(decisions).sort(), ASSETS);
  for (const asset of ASSETS) {
    for (const view of ["corrected", "position", "rate"]) {
      await onPage(`?asset=${asset}&view=${view}`, { scheme: view === "rate" ? "dark" : "light" }, async (page) => {
        await loaded(page);
        const { decision, wmax_usd, ref_mode, reason, wallet_breakdown, g_usd } = decisions[asset];
        assert.equal(await text(page, "badge-word"), WORDS[decision]);
        assert.equal((await text(page, "wmax")).replace(",", ""), `${wmax_usd.toFixed(2)} USD`);
        assert.equal(await text(page, "ref-mode"), ref_mode);
        assert.equal((await text(page, "gain")).replace(",", "").replace("−", "-"), `${g_usd.toFixed(2)} USD`);
        if (reason) assert.equal((await text(page, "reason")).replaceAll("−", "-").replaceAll(/(?<=\d),(?=\d{3})/g, ""), reason.message);
        assert.equal(await page.locator("#wallet-rows tr").count(), 3);
        const limits = (await page.locator("#wallet-rows td:nth-child(2)").allInnerTexts()).map((figure) => figure.replace(",", ""));
        const expected = wallet_breakdown.map((wallet) => wallet.wmax_usd).sort((a, b) => b - a).map((limit) => limit.toFixed(2));
        assert.deepEqual(limits, expected.length ? expected : ["0.00", "0.00", "0.00"]);
        const drawn = await api(`/api/series?asset=${asset}&view=${view}`);
        await eventually(() => page.locator(".panel canvas").count(), [drawn.series, drawn.residual, drawn.density].filter(Boolean).length);
        assert.ok((await page.locator("#history-rows tr").first().innerText()).includes(WORDS[decision]));
        assert.match(await text(page, "banners"), /^As of 2026-01-29 00:00 UTC\./);
        await page.locator("#explain > summary").click();
        await accessible(page);
        await fits(page);
      });
    }
  }
});

test("what goes over the wire for the page, figures included, is at most 180 kB", async () => {
  await onPage("?asset=usdc", {}, async (page) => {
    const finished = [];
    page.on("requestfinished", (request) => finished.push(request.sizes()));
    await page.reload({ waitUntil: "networkidle" });
    await loaded(page);
    const sizes = await Promise.all(finished);
    const bytes = sizes.reduce((sum, { responseBodySize, responseHeadersSize }) => sum + responseBodySize + responseHeadersSize, 0);
    assert.ok(sizes.length > 20 && bytes <= 180_000, `${bytes} bytes in ${sizes.length} answers`);
  });
});

test("a withdrawal is marked as the reference with a login, and only with the right one", async () => {
  await onPage("?asset=iusd", { tolerated: /status of 401/ }, async (page) => {
    await loaded(page);
    const button = page.getByRole("button", { name: /^Mark as reference: 500 iusd of 2025-11-11 00:00/ });
    const logIn = async (password) => {
      await page.fill("#login-user", LOGIN.user);
      await page.fill("#login-password", password);
      await page.click("#reference-confirm");
    };
    await button.click();
    const { tx } = (await api("/api/withdrawals?asset=iusd")).withdrawals[0];
    const { message } = await api(`/api/reference/effect?asset=iusd&tx=${tx}&mark=reference`);
    await eventually(() => text(page, "effect"), `${message.replace("residual -", "residual −")}.`); // as the page writes a minus
    await logIn("wrong");
    await page.locator("#reference-error:has-text('User or password are wrong. Nothing was changed.')").waitFor();
    assert.equal((await api("/api/withdrawals?asset=iusd")).withdrawals[0].is_reference, false);
    await logIn(LOGIN.password);
    await page.locator("#reference-result:not(:empty)").waitFor();
    assert.equal((await api("/api/withdrawals?asset=iusd")).withdrawals[0].is_reference, true);
    await page.locator("#withdrawal-rows tr").first().locator(".flag:text-is('reference')").waitFor();
    await page.getByRole("button", { name: /^Remove tag: 500 iusd/ }).click();
    await page.click("#reference-confirm");
    await button.waitFor();
    assert.equal((await api("/api/withdrawals?asset=iusd")).withdrawals[0].memo, "payroll");
  });
});

test("a service that stops is said to be unreachable, and is found again when it is back", async () => {
  await onPage("?asset=usdc", { tolerated: /ERR_CONNECTION|ERR_EMPTY_RESPONSE|status of 503/ }, async (page) => {
    await loaded(page);
    await stop(service);
    await nextRound(page);
    await page.locator(".banner:has-text('Server unreachable since')").waitFor();
    assert.equal(await text(page, "wmax"), "212.94 USD");
    service = await start(folder, service.port);
    await nextRound(page);
    await page.locator(".banner:has-text('unreachable')").waitFor({ state: "detached" });
    assert.equal(await text(page, "badge-word"), "WITHDRAW_OK");
  });
});

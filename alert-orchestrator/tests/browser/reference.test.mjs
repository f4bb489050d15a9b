// Is a withdrawal marked as the reference only after a login, knowing what will change, and is a refusal understood?

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, eventually, fits, launch, loaded, text, withFixture } from "./support.mjs";
import { DECISIONS, KEYWORD, WALLETS, effect, manyWallets, script, status, withdrawals } from "./states.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const [newest, tagged] = withdrawals().withdrawals;
const mark = (page) => page.getByRole("button", { name: /^Mark as reference: 500 iusd of 2025-12-19 01:00/ });

async function logIn(page, user, password) {
  await page.fill("#login-user", user);
  await page.fill("#login-password", password);
  await page.keyboard.press("Enter");
}

/** Answers of POST /api/reference: each call takes the next. */
function scripted(...answers) {
  const calls = [];
  const reference = (_query, body, headers) => {
    calls.push({ body, authorization: headers.authorization, cookie: headers.cookie });
    return answers[Math.min(calls.length, answers.length) - 1];
  };
  return { calls, script: script({ answers: { "POST /api/reference": reference } }) };
}

/** In the service's words. */
const EFFECTS = {
  marked: "gains count from 2025-12-19T00:00:00Z on",
  older: "gains still count from 2025-12-19T00:00:00Z, a newer withdrawal that is marked",
  removed: "gains count from the newest withdrawal that is still marked, or from the fallback",
  tested: "gains count as before: no evaluation reads test_liqwid_withdrawals_iusd",
  same: "nothing to change",
};
const success = (message) => ({ status: 200, json: { status: "success", message, memo_before: "x", memo_after: `x ${KEYWORD}` } });
const done = success(EFFECTS.marked);
const refused = (status, error, headers = {}) => ({ status, json: { error, status: "error" }, headers });

test("a withdrawal is marked after a login, the list is read again, and the login is kept in memory only", async () => {
  const { calls, script } = scripted(done);
  await withFixture(browser, script, "?asset=iusd", {}, async (page, fixture) => {
    await loaded(page);
    await mark(page).click();
    assert.match(await text(page, "reference-change"), new RegExp(`Withdrawal of 500 iusd at 2025-12-19 01:00 by ${WALLETS[1]}`));
    await eventually(() => text(page, "reference-t0"), "t0 of iusd: 2025-10-10 02:00 → 2025-12-19 01:00.");
    await accessible(page);
    fixture.requests.length = 0;
    await logIn(page, "ops", "käse:1");
    await eventually(() => text(page, "reference-result"), "Gains count from 2025-12-19T00:00:00Z on.");
    assert.deepEqual(calls, [{ body: { asset: "iusd", wallet: newest.wallet_address, tx: newest.tx, memo_before: newest.memo, mark: "reference" }, authorization: `Basic ${Buffer.from("ops:käse:1").toString("base64")}`, cookie: undefined }]);
    await eventually(() => fixture.count("/api/withdrawals") > 0, true);
    assert.ok(fixture.requests.filter(({ method }) => method === "GET").every(({ headers }) => headers.authorization === undefined));
    assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);
    await mark(page).click();
    assert.equal(await page.locator("#login-fields").isVisible(), false);
    assert.equal(await text(page, "logged-in-user"), "ops");
    await eventually(() => page.inputValue("#login-password"), ""); // the close event comes a moment later
    await page.click("#log-out");
    assert.equal(await page.locator("#login-fields").isVisible(), true);
  });
});

test("removing the tag says where t0 goes, and asks for just that", async () => {
  const { calls, script } = scripted(success(EFFECTS.removed));
  const fallback = { ref_mode: "data_range", t0_ts: "2025-08-01T00:00:00Z" };
  script.answers["GET /api/reference/effect"] = () => ({ status: 200, json: { ...effect("W_max 36.10 → 40.00"), mark: null, after: fallback } });
  await withFixture(browser, script, "?asset=iusd", {}, async (page) => {
    await loaded(page);
    await page.getByRole("button", { name: /^Remove tag/ }).click();
    await eventually(() => text(page, "reference-t0"), "t0 of iusd: 2025-10-10 02:00 → 2025-08-01 02:00, the fallback.");
    await logIn(page, "ops", "secret");
    await eventually(() => text(page, "reference-result"), "Gains count from the newest withdrawal that is still marked, or from the fallback.");
    assert.deepEqual(calls.map(({ body }) => body), [{ asset: "iusd", wallet: tagged.wallet_address, tx: tagged.tx, memo_before: tagged.memo, remove: true }]);
  });
});

test("what was put in is marked as principal, and the tag comes off again", async () => {
  const { calls, script } = scripted(success("its 500 no longer count as gain already taken"));
  await withFixture(browser, script, "?asset=iusd", {}, async (page) => {
    await loaded(page);
    await mark(page).click();
    await page.getByLabel("What was put in: mark it as principal").check();
    assert.equal(await text(page, "reference-dialog-title"), "Mark as principal");
    await accessible(page);
    await fits(page);
    await logIn(page, "ops", "secret");
    await eventually(() => text(page, "reference-result"), "Its 500 no longer count as gain already taken.");
    assert.deepEqual(calls.map(({ body }) => body), [{ asset: "iusd", wallet: newest.wallet_address, tx: newest.tx, memo_before: newest.memo, mark: "principal" }]);
  });
  const all = withdrawals().withdrawals;
  const removing = scripted(success("its 500 count as gain already taken"));
  removing.script.answers = { ...removing.script.answers, "GET /api/withdrawals": { withdrawals: [{ ...all[0], is_principal: true }, all[1]] } };
  await withFixture(browser, removing.script, "?asset=iusd", {}, async (page) => {
    await loaded(page);
    assert.deepEqual(await page.locator("#withdrawal-rows .flag").allInnerTexts(), ["reference", "principal"]);
    await page.getByRole("button", { name: /^Remove tag: 500 iusd/ }).click();
    assert.equal(await page.locator("#mark-choice").isVisible(), false);
    await logIn(page, "ops", "secret");
    await page.locator("#reference-result:not(:empty)").waitFor();
    assert.deepEqual(removing.calls.map(({ body }) => body), [{ asset: "iusd", wallet: newest.wallet_address, tx: newest.tx, memo_before: newest.memo, remove: true }]);
  });
});

test("what follows is told in one sentence, the service's own, and nothing is added that may be untrue", async () => {
  for (const message of Object.values(EFFECTS)) {
    const { script } = scripted(success(message));
    await withFixture(browser, script, "?asset=iusd", {}, async (page) => {
      await loaded(page);
      await mark(page).click();
      await logIn(page, "ops", "secret");
      await page.locator("#reference-result:not(:empty)").waitFor();
      assert.equal(await text(page, "reference-result"), `${message[0].toUpperCase()}${message.slice(1)}.`);
    });
  }
});

test("a withdrawal is marked by the transaction its memo names; without one it cannot be", async () => {
  const { calls, script } = scripted(done);
  await withFixture(browser, script, "?asset=iusd", {}, async (page) => {
    await loaded(page);
    const rows = page.locator("#withdrawal-rows tr");
    assert.deepEqual(await rows.locator(".reference").allInnerTexts(), ["reference Remove tag", "Mark as reference", "Mark as reference", "no transaction known"]);
    await rows.nth(2).getByRole("button", { name: /^Mark as reference: 75 iusd of 2025-09-01 02:00/ }).click();
    await logIn(page, "ops", "secret");
    await page.locator("#reference-result:not(:empty)").waitFor();
    assert.deepEqual(calls.map(({ body }) => body), [{ asset: "iusd", wallet: WALLETS[1], tx: "5f3ac0ffee123456", memo_before: "payroll (tx: 5f3ac0ffee123456)", mark: "reference" }]);
  });
});

test("refusals are told in words, in the dialog, and a wrong password can be corrected", async () => {
  const cases = [
    [refused(401, "wrong login", { "WWW-Authenticate": 'Basic realm="Alert Orchestrator"' }), "User or password are wrong. Nothing was changed."],
    [refused(403, "login is disabled"), "Not allowed: login is disabled"],
    [refused(404, "no withdrawal with this hash"), "Not found: no withdrawal with this hash"],
    [refused(409, "2 withdrawals of iusd with transaction ab: name one by its wallet"), "Not possible: 2 withdrawals of iusd with transaction ab: name one by its wallet"],
    [refused(429, "too many", { "Retry-After": "42" }), "Too many failed logins. Try again in 42 s."],
    [refused(500, "store unavailable"), "The server refused (500): store unavailable"],
  ];
  for (const [answer, expected] of cases) {
    const { calls, script } = scripted(answer, done);
    await withFixture(browser, script, "?asset=iusd", { tolerated: /status of (4\d\d|500)/ }, async (page) => {
      await loaded(page);
      await mark(page).click();
      await logIn(page, "ops", "wrong");
      await page.locator(`#reference-error:has-text(${JSON.stringify(expected)})`).waitFor();
      assert.equal(await page.locator("#login-fields").isVisible(), true);
      await accessible(page);
      await logIn(page, "ops", "right");
      await page.locator("#reference-result:has-text('Gains count from')").waitFor();
      assert.equal(calls.length, 2);
    });
  }
});

/** Answers of GET /api/reference/effect by mark; a function of the query that may keep an answer back. */
const weighed = (answer) => script({ answers: { "GET /api/reference/effect": async (query) => ({ status: 200, json: await answer(query.get("mark"), query) }) } });

/** A promise that is kept when a test says so. */
function kept() {
  let resolve;
  const promise = new Promise((keep) => (resolve = keep));
  return { promise, resolve };
}

const COST = "W_max 36.10 → 18.34; 11.20 USD of gains in two other wallets will no longer be offered";
const FREED = "W_max 36.10 → 38.60";

test("before it asks, the dialog says what each mark costs or frees, in every wallet that changes", async () => {
  const questions = [];
  const answers = {
    reference: effect(COST, [[WALLETS[0], 12.05, 6.12], [WALLETS[1], 12, 12], [WALLETS[2], 1212.05, null]]),
    principal: effect(FREED, [[WALLETS[0], 12.05, 14.55], [WALLETS[1], 12, 12], [WALLETS[2], 12.05, 12.05]]),
  };
  const asked = (mark, query) => (questions.push(Object.fromEntries(query)), answers[mark]);
  await withFixture(browser, weighed(asked), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    await mark(page).click();
    await eventually(() => text(page, "effect"), `${COST}.`);
    assert.equal(await page.locator("#effect").getAttribute("role"), "status");
    assert.equal(await text(page, "effect-wallets-title"), "W_max of the 2 wallets that change, USD");
    assert.deepEqual(await page.locator("#effect-rows tr").allInnerTexts(), ["addr1q89…gpze\t12.05\t6.12", "addr1qxv…nzx9\t1,212.05\t–"]);
    await accessible(page);
    await page.getByLabel("What was put in: mark it as principal").check();
    await eventually(() => text(page, "effect"), `${FREED}.`);
    assert.equal(await page.locator("#effect-wallets").isVisible(), false, "one wallet changes, as the sentence says");
    const of = { asset: "iusd", wallet: newest.wallet_address, tx: newest.tx };
    assert.deepEqual(questions, [{ ...of, mark: "reference" }, { ...of, mark: "principal" }]);
  });
});

test("before a tag is removed the dialog says what that frees", async () => {
  const asked = [];
  await withFixture(browser, weighed((mark, query) => (asked.push([mark, query.get("tx")]), effect("W_max 1236.10 → 1260.00"))), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    await page.getByRole("button", { name: /^Remove tag/ }).click();
    await eventually(() => text(page, "effect"), "W_max 1,236.10 → 1,260.00.");
    assert.deepEqual(asked, [["none", tagged.tx]]);
  });
});

test("more than ten wallets are folded, open by keyboard, and fit a phone in the dark", async () => {
  const wallets = manyWallets(11).wallet_breakdown.map(({ wallet_address, wmax_usd }) => [wallet_address, wmax_usd, null]);
  for (const [count, isOpen] of [[10, true], [11, false]]) {
    const answer = effect("W_max 115.50 → 0.00 (HOLD until the next sample: No position data available)", wallets.slice(0, count));
    await withFixture(browser, weighed(() => answer), "?asset=iusd", { width: 320, height: 640, scheme: "dark" }, async (page) => {
      await loaded(page);
      await mark(page).click();
      await eventually(() => text(page, "effect-wallets-title"), `W_max of the ${count} wallets that change, USD`);
      const last = page.locator("#effect-rows tr").last();
      assert.equal(await last.isVisible(), isOpen);
      if (!isOpen) {
        await page.focus("#effect-wallets-title");
        await page.keyboard.press("Enter");
      }
      assert.equal(await last.isVisible(), true);
      await fits(page);
      const [wide, seen] = await page.evaluate(() => { const { scrollWidth, clientWidth } = document.getElementById("reference-dialog"); return [scrollWidth, clientWidth]; });
      assert.ok(wide <= seen, `the dialog is ${wide} px wide in ${seen} px`);
      await accessible(page);
    });
  }
});

test("what it costs is said to be computed, and the mark can be set meanwhile", async () => {
  const { promise, resolve } = kept();
  const held = weighed(() => promise);
  held.answers["POST /api/reference"] = () => done;
  await withFixture(browser, held, "?asset=iusd", {}, async (page) => {
    await loaded(page);
    await mark(page).click();
    assert.equal(await text(page, "effect"), "Computing what it costs or frees…");
    await logIn(page, "ops", "secret");
    await eventually(() => text(page, "reference-result"), "Gains count from 2025-12-19T00:00:00Z on.");
    resolve(effect(COST));
  });
});

test("an answer that comes late is not shown under another mark, nor in another dialog", async () => {
  const first = kept();
  const asked = [];
  const answer = (_mark, query) => (asked.push(query.get("tx")), asked.length === 1 ? first.promise : effect(`W_max of question ${asked.length}`));
  await withFixture(browser, weighed(answer), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    await mark(page).click();
    await eventually(() => asked.length, 1);
    await page.getByLabel("What was put in: mark it as principal").check();
    await eventually(() => text(page, "effect"), "W_max of question 2.");
    first.resolve(effect(COST));
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#reference-dialog").isVisible(), false);
    await page.getByRole("button", { name: /^Remove tag/ }).click();
    await eventually(() => text(page, "effect"), "W_max of question 3.");
    assert.deepEqual(asked, [newest.tx, newest.tx, tagged.tx]);
  });
});

test("where it cannot be computed what a mark costs, the dialog says why, and lets it be set all the same", async () => {
  const cases = [
    [503, "store unavailable: embedded store orchestrator.db: no complete answer within 7 s"],
    [429, "the effects of other marks are being computed, try again later"],
  ];
  for (const [status, error] of cases) {
    const { calls, script } = scripted(done);
    script.answers["GET /api/reference/effect"] = () => refused(status, error);
    await withFixture(browser, script, "?asset=iusd", { tolerated: /status of (503|429)/ }, async (page) => {
      await loaded(page);
      await mark(page).click();
      await eventually(() => text(page, "effect"), `What it costs or frees could not be computed: ${error}. The tag can be changed all the same.`);
      await accessible(page);
      await logIn(page, "ops", "secret");
      await page.locator("#reference-result:has-text('Gains count from')").waitFor();
      assert.equal(calls.length, 1);
    });
  }
});

test("the dialog is left by Escape, gives the focus back, forgets the password, and fits a phone", async () => {
  await withFixture(browser, script(), "?asset=iusd", { width: 320, height: 640 }, async (page) => {
    await loaded(page);
    await mark(page).click();
    await fits(page);
    await page.fill("#login-password", "secret");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#reference-dialog").isVisible(), false);
    await eventually(() => page.inputValue("#login-password"), ""); // the close event comes a moment later
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /^Mark as reference/);
  });
});

test("the dialog ends with the asset that it was opened for", async () => {
  await withFixture(browser, script(), "?asset=usdt", {}, async (page) => {
    await loaded(page);
    await page.selectOption("#asset", "iusd");
    await loaded(page);
    await mark(page).click();
    await page.goBack();
    await eventually(() => page.locator("#reference-dialog").isVisible(), false);
    assert.equal(await text(page, "decision-asset"), "usdt");
  });
});

test("an older withdrawal moves no t0 past a newer tagged one", async () => {
  const all = withdrawals().withdrawals;
  const answer = effect("W_max stays 36.10");
  const answers = {
    "GET /api/withdrawals": { withdrawals: [{ ...all[0], is_reference: true }, { ...all[1], is_reference: true }, all[2]] },
    "GET /api/reference/effect": { ...answer, before: answer.after },
  };
  await withFixture(browser, script({ answers }), "?asset=iusd", {}, async (page) => {
    await loaded(page);
    assert.deepEqual(await page.locator("#withdrawal-rows .flag").allInnerTexts(), ["reference", "earlier reference"]);
    await page.getByRole("button", { name: /^Mark as reference/ }).click();
    await eventually(() => text(page, "reference-t0"), "t0 of iusd stays: 2025-12-19 01:00.");
  });
});

test("an answer without figures is no computing that never ends", async () => {
  for (const answer of [{}, null, { message: "W_max stays 36.10" }]) {
    await withFixture(browser, weighed(() => answer), "?asset=iusd", {}, async (page) => {
      await loaded(page);
      await mark(page).click();
      await eventually(() => text(page, "effect"), "What it costs or frees could not be computed: the answer (200) has no figures. The tag can be changed all the same.");
    });
  }
});

test("a withdrawal that was changed meanwhile stays as it is, and the list is read again", async () => {
  const error = 'table liqwid_withdrawals_iusd: the withdrawal was changed meanwhile (now "payroll principal_withdrawal"): look at it and ask again';
  const { script } = scripted(refused(409, error));
  await withFixture(browser, script, "?asset=iusd", { tolerated: /status of 409/ }, async (page, fixture) => {
    await loaded(page);
    await mark(page).click();
    fixture.requests.length = 0;
    await logIn(page, "ops", "secret");
    await eventually(() => text(page, "reference-error"), `Not possible: ${error}`);
    await eventually(() => fixture.count("/api/withdrawals") > 0, true);
  });
});

test("where references cannot be written there is no button, but the command that does it", async () => {
  const cases = [
    [{ references_writable: false }, /It cannot be changed from this page\. On the server: alert-orchestrator --config config\/orchestrator_config.yaml tag --asset iusd --latest/],
    [{ references_writable: false, auth: { enabled: false, require_for: "sensitive" } }, /logins must be enabled \(orchestrator\.auth\)\. On the server: alert-orchestrator --config config\/orchestrator_config.yaml tag/],
  ];
  for (const [change, expected] of cases) {
    await withFixture(browser, script({ decisions: DECISIONS, now: () => status(change) }), "?asset=iusd", {}, async (page) => {
      await loaded(page);
      await page.locator("#withdrawal-rows tr").first().waitFor();
      assert.match((await text(page, "references-note")).replace(/\s+/g, " "), expected);
      assert.equal(await page.getByRole("button", { name: /reference:|Remove tag/ }).count(), 0);
      await accessible(page);
    });
  }
});

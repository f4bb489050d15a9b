// Can a stranger's page read the service through its visitor's browser? It leads its own name to 127.0.0.1 (DNS rebinding);
// then the service is its own origin for the browser, which keeps nothing from it.

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, test } from "node:test";
import { makeFolder, start, stop } from "./service.mjs";
import { launch } from "./support.mjs";

const NAME = "evil.example";

let browser;
let folder;
before(async () => {
  browser = await launch(`--host-resolver-rules=MAP ${NAME} 127.0.0.1`);
  folder = await makeFolder();
});
after(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

/** What the stranger's page gets to read of `paths` of a service with these settings and no login: statuses and texts. */
async function stolen(telemetry, paths) {
  const service = await start(folder, 0, { telemetry, auth: "" });
  const page = await browser.newPage();
  try {
    // A probe answers under any name: what runs in its page has the stranger's origin, as the stranger's own page would.
    await page.goto(`http://${NAME}:${service.port}/livez`);
    const read = (path) => fetch(path).then(async (answer) => ({ status: answer.status, text: await answer.text() }));
    const answers = [];
    for (const path of paths) answers.push(await page.evaluate(read, path));
    return answers;
  } finally {
    await page.close();
    await stop(service);
  }
}

test("a page under a rebound name reads no wallet and no limit", async () => {
  for (const { status, text } of await stolen("", ["/dashboard", "/api/decisions", "/api/explain?asset=usdc", "/api/config/normalized"])) {
    assert.equal(status, 421, text);
    assert.match(JSON.parse(text).error, new RegExp(`"${NAME}".*telemetry\\.allowed_hosts`));
  }
});

test("it would, if that name were allowed", async () => {
  const [decisions] = await stolen(`    allowed_hosts: [${NAME}]\n`, ["/api/decisions"]);
  assert.equal(decisions.status, 200);
  assert.match(decisions.text, /wallet_address/);
});

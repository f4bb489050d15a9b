// What does Lighthouse think of the page? Usage: node lighthouse.mjs CATEGORY LEAST RUNS [ADDRESS]
//
// Fails where the median of RUNS scores is below LEAST. Without an address the scripted server is asked.

import * as chromeLauncher from "chrome-launcher";
import lighthouse from "lighthouse";
import { startFixture } from "./fixture.mjs";
import { script } from "./states.mjs";
import { FLAGS } from "./support.mjs";

const [category, least, runs, address] = process.argv.slice(2);
const fixture = address ? null : await startFixture(script());
const url = address ?? `${fixture.url}/dashboard?asset=usdc`;
const chrome = await chromeLauncher.launch({ chromePath: process.env.CHROMIUM ?? "/usr/bin/chromium", chromeFlags: FLAGS });
const scores = [];
try {
  for (let run = 0; run < Number(runs); run++) {
    const { lhr } = await lighthouse(url, { port: chrome.port, onlyCategories: [category], logLevel: "error" });
    scores.push(Math.round(lhr.categories[category].score * 100));
    const short = lhr.categories[category].auditRefs.map(({ id }) => lhr.audits[id]).filter(({ score }) => score !== null && score < 0.9 && process.env.VERBOSE);
    for (const { id, displayValue } of short) console.log(`  ${id}: ${displayValue ?? "failed"}`);
  }
} finally {
  chrome.kill();
  await fixture?.stop();
}
scores.sort((a, b) => a - b);
const median = scores[Math.floor(scores.length / 2)];
console.log(`${category}: median ${median} of ${scores.join(", ")}; at least ${least} expected`);
process.exitCode = median >= Number(least) ? 0 : 1;

// Can everyone read the page of a backtest: on a phone, on paper, in light and dark, by keyboard?
//
// `cargo test --workspace --test html_report` leaves the pages in target/tmp/report; PAGES names another folder.
// PICTURES names one in which a picture of each page is put, to be looked at.

import assert from "node:assert/strict";
import { mkdir, readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = process.env.PAGES ?? fileURLToPath(new URL("../../../target/tmp/report/", import.meta.url));
const { PICTURES } = process.env;
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const PHONE = { width: 360, height: 740 };
/** Between margins of 12 mm, in pixels of CSS. */
const A4_WIDTH = 703;
const DESK = { width: 1280, height: 900 };

let browser;
let names;
before(async () => {
  names = (await readdir(PAGES)).filter((file) => file.endsWith(".html")).map((file) => file.slice(0, -5));
  assert.ok(names.length >= 8, `only ${names} in ${PAGES}: run cargo test --workspace --test html_report first`);
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
});
after(() => browser?.close());

/** Opens a page; nothing may be loaded, refused or go wrong in it. */
async function withPage(name, { viewport = DESK, scheme = "light" }, use) {
  const context = await browser.newContext({ viewport, colorScheme: scheme, bypassCSP: false });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.stack}`));
  page.on("request", (request) => request.isNavigationRequest() || faults.push(`request to ${request.url()}`));
  page.on("dialog", (dialog) => faults.push(`dialog: ${dialog.message()}`));
  try {
    await page.goto(pathToFileURL(join(PAGES, `${name}.html`)).href);
    await use(page);
    assert.deepEqual(faults, [], name);
  } finally {
    await context.close();
  }
}

async function eachPage(options, use) {
  for (const name of names) await withPage(name, options, (page) => use(page, name));
}

/** No violation of WCAG 2.2 A and AA, nor of axe's best practices, with everything unfolded. */
async function accessible(page, name) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html).join(" | ")}`), [], name);
}

async function picture(page, name) {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing, ${scheme}`, async () => {
    await eachPage({ scheme }, async (page, name) => {
      await picture(page, `${name}-${scheme}`);
      await accessible(page, name);
    });
  });
}

test("360 px are enough, with everything unfolded", async () => {
  await eachPage({ viewport: PHONE }, async (page, name) => {
    await picture(page, `${name}-phone`);
    await accessible(page, name);
    const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wide <= seen, `${name} is ${wide} px wide on a screen of ${seen} px`);
  });
});

test("what lost most is seen without scrolling", async () => {
  await withPage("default-exits", {}, async (page) => {
    for (const text of ["Lost 0.27", "behind holding", "Worst week", "Mon 2026-08-24", "Gate not met"]) {
      const box = await page.getByText(text).first().boundingBox();
      assert.ok(box.y + box.height < DESK.height, `${text} is ${box.y} px down`);
    }
  });
  await withPage("default-exits", { viewport: PHONE }, async (page) => {
    const box = await page.getByText("Lost 0.27").first().boundingBox();
    assert.ok(box.y + box.height < PHONE.height / 2, `the outcome is ${box.y} px down`);
  });
});

test("the worst week lies at the same place in every chart", async () => {
  await withPage("long", {}, async (page) => {
    const bands = await page.locator("rect.worst").evaluateAll((all) => all.map((band) => band.getBoundingClientRect()).map(({ left, width }) => [left, width]));
    assert.ok(bands.length >= 4, `${bands.length} bands`);
    for (const [left, width] of bands) {
      assert.ok(Math.abs(left - bands[0][0]) < 1 && Math.abs(width - bands[0][1]) < 1, `${bands}`);
    }
  });
});

test("marks say what they are, and none lies outside its chart", async () => {
  await withPage("default-exits", { viewport: PHONE }, async (page) => {
    const marks = await page.locator(".plot use").evaluateAll((all) =>
      all.map((mark) => {
        const [place, plot] = [mark.getBoundingClientRect(), mark.closest(".plot").getBoundingClientRect()];
        const x = (place.left + place.right) / 2;
        return { text: mark.textContent, inside: x >= plot.left - 1 && x <= plot.right + 1 && place.top >= plot.top - 10 && place.bottom <= plot.bottom };
      }),
    );
    assert.ok(marks.length >= 90, `${marks.length} marks for 45 trips`);
    assert.deepEqual(marks.filter(({ text, inside }) => !inside || !/^2026-08-\d\d \d\d:\d\d: (bought|sold) /.test(text)), []);
  });
});

test("a printed page is light, whatever the system is", async () => {
  await withPage("default-exits", { scheme: "dark" }, async (page) => {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const ink = await page.evaluate(() => getComputedStyle(document.body).color);
    assert.equal(ink, "rgb(23, 32, 43)");
    const pdf = await page.pdf({ format: "A4", path: PICTURES && join(PICTURES, "default-exits.pdf") });
    const sheets = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
    assert.ok(sheets >= 2 && sheets <= 8, `${sheets} sheets`);
  });
});

test("nothing is cut off on paper", async () => {
  for (const name of ["default-exits", "portfolio", "long"]) {
    await withPage(name, { viewport: { width: A4_WIDTH, height: 1000 } }, async (page) => {
      await page.emulateMedia({ media: "print" });
      const cut = await page.evaluate(() => {
        const width = document.documentElement.clientWidth;
        const all = [...document.querySelectorAll("td, th, p, dd, .plot text")];
        const isCut = ({ left, right }) => left < 0 || right > width;
        return all.filter((one) => isCut(one.getBoundingClientRect())).map((one) => one.textContent);
      });
      assert.deepEqual(cut, [], name);
    });
  }
});

test("tables that are broader than the screen are reached by keyboard", async () => {
  await withPage("stop-only", { viewport: PHONE }, async (page) => {
    const tables = await page.locator(".scroll").evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.tabIndex));
    assert.ok(tables.length > 0 && tables.every((index) => index === 0), `${tables}`);
  });
});

// Is what the charts show true: the gain that is shaded, what residuals are compared with, and what is left out?

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, eventually, fits, launch, loaded, nextRound, text, withFixture, zoomTo } from "./support.mjs";
import { script, series, status } from "./states.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** A page with one answer for its charts, and what is written into their canvases. */
const withSeries = (json, options, use) =>
  withFixture(browser, script({ answers: { "GET /api/series": json } }), `?asset=usdc&view=${json.view}&autorefresh=false`, options, async (page, fixture) => {
    await page.addInitScript(recordTexts);
    await page.reload();
    await loaded(page);
    await use(page, fixture);
  });

/** In the page: the texts of each canvas since it was last cleared. */
function recordTexts() {
  const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
  const clear = (context) => (context.canvas.texts = []);
  Object.assign(CanvasRenderingContext2D.prototype, {
    fillText(text, ...rest) {
      (this.canvas.texts ??= clear(this)).push(text);
      fillText.call(this, text, ...rest);
    },
    clearRect(...rest) {
      clear(this);
      clearRect.apply(this, rest);
    },
  });
}

const texts = (page, panel) => page.locator(`#panel-${panel} canvas`).evaluate(({ texts }) => texts);
const numbers = async (page, panel) => (await texts(page, panel)).filter((text) => /^[−\d,.]+$/.test(text)).map((text) => Number(text.replace(",", "").replace("−", "-")));
const legend = (page, panel) => page.locator(`#panel-${panel} .legend li`).allInnerTexts();
const title = (page, panel) => page.locator(`#panel-${panel} h3`).innerText();
const readout = (page, panel) => page.locator(`#panel-${panel} .readout`).innerText();

/** From where to where, as shares of the height from the top, a colour is found at a share of the width; null where it is not. */
const column = (page, panel, property, at) =>
  page.locator(`#panel-${panel} canvas`).evaluate(
    (canvas, { property, at }) => {
      const over = canvas.parentElement.querySelector(".u-over");
      const [left, top, width, height] = ["offsetLeft", "offsetTop", "offsetWidth", "offsetHeight"].map((name) => over[name] * devicePixelRatio);
      // Some pixels wide: a line of the grid may stand in the middle.
      const beside = 4;
      const probe = Object.assign(document.createElement("canvas"), { width: beside, height: height + 1 }).getContext("2d", { willReadFrequently: true });
      const from = left + Math.min(width - beside, Math.round(at * width) - beside / 2);
      probe.drawImage(canvas, from, top, beside, height, 0, 0, beside, height);
      probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(property);
      probe.fillRect(0, height, 1, 1);
      const pixels = probe.getImageData(0, 0, beside, height + 1).data;
      const wanted = [...pixels.slice(4 * beside * height, 4 * beside * height + 4)];
      // A canvas keeps colours multiplied by their opacity: what is hardly there is kept roughly.
      const rough = 2 + 512 / wanted[3];
      const isThere = (x, y) => wanted.every((value, i) => Math.abs(pixels[4 * (y * beside + x) + i] - value) <= (i === 3 ? 2 : rough));
      const rows = Array.from({ length: height }, (_, y) => y).filter((y) => [0, 1, 2, 3].some((x) => isThere(x, y)));
      return rows.length ? [rows[0] / height, rows[rows.length - 1] / height] : null;
    },
    { property, at },
  );

/** The newest `points` of an answer. */
function newest(json, points) {
  const cut = structuredClone(json);
  for (const columns of [cut.series, cut.residual]) for (const [name, values] of Object.entries(columns)) if (Array.isArray(values) && name !== "thresholds") columns[name] = values.slice(-points);
  return { ...cut, deposits: [], withdrawals: [] };
}

const unfitted = (json) => ({ ...json, sigma: null, k_times_sigma: null, residual: null, density: null, series: { ...json.series, baseline: null } });

const triggersAt = (thresholds, json = series("usdc", "corrected")) => ({ ...json, residual: { ...json.residual, thresholds }, density: { ...json.density, thresholds } });

/** Nothing moves: what a fit leaves over is rounding. */
function flat(view) {
  const json = series("usdc", view);
  const steady = (values) => values && values.map(() => 1);
  const residual = { ...json.residual, value: json.residual.value.map((_, i) => (i % 2 ? 2e-16 : 0)), latest: { ...json.residual.latest, value: 2e-16 }, thresholds: [-0.001, 0.001] };
  const columns = { ts: json.series.ts, value: steady(json.series.value), smoothed: steady(json.series.smoothed), baseline: json.series.baseline.map((value) => value && 1 + 2e-16) };
  return { ...json, series: columns, residual, density: null, sigma: 1e-16, k_times_sigma: 2e-16, deposits: [], withdrawals: [], ...(json.gain ? { gain: { from_usd: 1, usd: 0 } } : {}) };
}

test("the corrected position comes first, and the address may say so", async () => {
  for (const query of ["", "&view=corrected", "&view=heat"]) {
    await withFixture(browser, script(), `?asset=usdc${query}`, {}, async (page, fixture) => {
      await loaded(page);
      assert.equal(await title(page, "series"), "Corrected position, USD");
      assert.ok(await page.isChecked("#view-corrected"));
      assert.deepEqual(fixture.requests.filter(({ path }) => path === "/api/series").map((request) => request.query.get("view")), ["corrected"]);
    });
  }
});

test("the gain is shaded from the value at t0 to the curve, and is the figure of the API", async () => {
  const json = series("usdc", "corrected"); // 120 days, t0 on the ninth
  for (const [scheme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["light", 2560]]) {
    await withSeries(json, { scheme, width }, async (page) => {
      const gain = (json.series.value[119] - json.gain.from_usd).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
      assert.ok((await legend(page, "series")).includes(`gain since t0 ${gain} USD`));
      assert.ok((await readout(page, "series")).endsWith(` · gain ${gain} USD`));
      assert.ok((await legend(page, "series")).includes("t0 2025-10-10 02:00"));
      assert.equal(await column(page, "series", "--chart-gain", 0.05), null, "nothing is gained before t0");
      const [[early, foot], [late, ground]] = await Promise.all([0.3, 0.97].map((at) => column(page, "series", "--chart-gain", at)));
      assert.ok(late < 0.15 && early > late + 0.3, `shaded from ${early} and ${late}`);
      assert.ok(Math.abs(foot - ground) < 0.02, "the foot is level");
      assert.equal(await column(page, "series", "--chart-loss", 0.97), null);
      await fits(page);
      await accessible(page);
    });
  }
});

test("the gain is not green while figures are in doubt, and green again after that", async () => {
  let now = status({ as_of: "2026-01-29T00:00:00Z" });
  const json = series("usdc", "corrected");
  await withFixture(browser, script({ now: () => now, answers: { "GET /api/series": json } }), "?asset=usdc", {}, async (page) => {
    await loaded(page);
    const area = (property) => column(page, "series", property, 0.97);
    const key = () => page.locator("#panel-series .legend .gain i").evaluate((one) => getComputedStyle(one).backgroundColor);
    await eventually(() => area("--chart-gain"), null);
    assert.equal(await key(), "rgba(128, 128, 128, 0.19)");
    assert.equal(await column(page, "series", "--chart-good", 0.52), null, "a deposit is green"); // on the 62nd of 119 days
    now = status();
    await nextRound(page);
    await eventually(async () => (await area("--chart-gain")) !== null, true);
    assert.notEqual(await key(), "rgba(128, 128, 128, 0.19)");
    assert.notEqual(await column(page, "series", "--chart-good", 0.52), null);
    // An evaluation becomes overdue while nobody asks for anything.
    await page.click("#autorefresh");
    // The switch asks once more, behind a round that may be under way: an answer after the first hours sets the page's clock
    // by the server's, and nothing is overdue until more of them pass.
    const later = async () => {
      await page.clock.fastForward(3 * 3_600_000);
      return area("--chart-gain");
    };
    await eventually(later, null);
  });
});

test("a loss is shaded below the value at t0 and called so", async () => {
  const json = series("usdc", "corrected");
  const from_usd = json.series.value[119] + 50;
  await withSeries({ ...json, gain: { from_usd, usd: -50 } }, {}, async (page) => {
    assert.ok((await legend(page, "series")).includes("gain since t0 −50.00 USD"));
    assert.equal(await page.locator("#panel-series .legend .loss").count(), 1);
    assert.notEqual(await column(page, "series", "--chart-loss", 0.6), null);
    assert.equal(await column(page, "series", "--chart-gain", 0.6), null);
  });
});

test("zoomed in, the corrected position fills the height, and a refresh keeps both", async () => {
  const json = series("usdc", "corrected");
  let now = status();
  await withFixture(browser, script({ now: () => now }), "?asset=usdc", {}, async (page) => {
    await page.addInitScript(recordTexts);
    await page.reload();
    await loaded(page);
    const lowest = async () => Math.min(...(await numbers(page, "series")).filter((value) => value > 10_000)); // no day, no year
    assert.ok((await lowest()) <= json.gain.from_usd, "the foot of the gain is seen");
    await zoomTo(page, "panel-series", 0.7, 0.9);
    await eventually(async () => (await lowest()) > 15_900, true); // from the 84th day on: 15 000 + 84 · 14 − 60
    const labels = await texts(page, "series");
    now = status({ last_evaluation: new Date().toISOString() });
    await nextRound(page);
    await eventually(() => page.locator("#charts").getAttribute("aria-busy"), "false");
    assert.equal(await page.locator("#panel-series .plot").getAttribute("data-zoomed"), "true");
    assert.deepEqual(await texts(page, "series"), labels);
    await page.locator("#panel-series").getByRole("button", { name: "Show all" }).click();
    await eventually(async () => (await lowest()) <= json.gain.from_usd, true);
  });
});

test("a trigger beyond the residuals is named with an arrow, and takes no room from them", async () => {
  const cases = [
    [[-76, 76], "trigger ±76.00", "trigger ±76.00", true], // the largest is 38.45
    [[-123, 123], "trigger ±123.00 ↑", "trigger ±123.00 →", false],
    [[-45, 230], "trigger −45.00 … 230.00 ↑", "trigger −45.00 … 230.00 →", true],
    [[-230, 45], "trigger ↓ −230.00 … 45.00", "trigger ← −230.00 … 45.00", true],
  ];
  for (const [thresholds, beside, below, drawn] of cases) {
    await withSeries(triggersAt(thresholds), {}, async (page) => {
      assert.ok((await legend(page, "residual")).includes(beside), String(await legend(page, "residual")));
      assert.ok((await legend(page, "density")).includes(below), String(await legend(page, "density")));
      const furthest = Math.max(...(await numbers(page, "residual")).map(Math.abs).filter((value) => value < 2000)); // no year
      assert.ok(furthest <= 80 && (drawn || furthest <= 50), `the axis reaches ${furthest}`);
      assert.ok(Math.max(...(await numbers(page, "density")).map(Math.abs)) <= 80);
    });
  }
});

test("labels of an axis have the digits of their step", async () => {
  const json = unfitted(newest(series("usdc", "position"), 3));
  const about = (low, step) => ({ ...json, series: { ...json.series, value: [low, low + step, low + 2 * step], smoothed: null } });
  for (const [low, step, digits] of [[1000, 0.6, 2], [0, 1, 2], [5e6, 1000, 0], [1, 2e-7, 8]]) {
    await withSeries(about(low, step), { height: 1000 }, async (page) => {
      const labels = (await texts(page, "series")).filter((text) => /^[−\d,.]+$/.test(text));
      assert.ok(labels.length >= 3, String(labels));
      const steps = labels.slice(1).map((label, i) => Number(label.replaceAll(",", "")) - Number(labels[i].replaceAll(",", "")));
      assert.ok(steps.every((one) => Math.abs(one - steps[0]) < 1e-6 * steps[0] + 1e-12), `uneven: ${labels}`);
      assert.ok(labels.every((label) => (label.split(".")[1] ?? "").length <= digits), String(labels));
    });
  }
});

test("lines that are one are drawn once, and the legend says so", async () => {
  for (const [view, name] of [["rate", "rate = smoothed = trend (fit)"], ["corrected", "corrected position = trend (fit)"]]) {
    await withSeries(flat(view), {}, async (page) => {
      assert.equal((await legend(page, "series"))[0], name);
      assert.deepEqual((await legend(page, "series")).filter((label) => /^±/.test(label)), [], "bands without a width");
      assert.ok(Math.max(...(await numbers(page, "series")).filter((value) => value < 100)) < 1.01, "the axis stays about 1");
    });
  }
  await withSeries(series("usdc", "position"), {}, async (page) => {
    assert.deepEqual((await legend(page, "series")).slice(0, 3), ["position", "smoothed", "trend (fit)"]);
  });
});

test("residuals that are rounding are a line at 0 with the trigger to scale, over the whole width, and it is said why", async () => {
  await withSeries(flat("rate"), {}, async (page) => {
    assert.equal(await text(page, "charts-note"), "No density: the residuals do not differ.");
    assert.deepEqual(await legend(page, "residual"), ["residual", "σ 0", "k·σ 0", "trigger ±0.001000", "latest 0"]);
    assert.ok((await numbers(page, "residual")).includes(0.001));
    assert.equal(await page.locator("#panel-density").isVisible(), false);
    const [wide, residual] = await Promise.all(["series", "residual"].map((panel) => page.locator(`#panel-${panel}`).boundingBox()));
    assert.equal(residual.width, wide.width);
  });
});

test("a panel comes back to its place once it has something to show", async () => {
  await withSeries(flat("rate"), {}, async (page, fixture) => {
    fixture.script = script({ now: () => status({ last_evaluation: new Date().toISOString() }) });
    await page.click("#refresh");
    await page.locator("#panel-density canvas").waitFor();
    const [residual, density] = await Promise.all(["residual", "density"].map((panel) => page.locator(`#panel-${panel}`).boundingBox()));
    assert.equal(residual.y, density.y);
    assert.equal(await page.locator("#charts-note").isVisible(), false);
  });
});

test("few residuals are dots, with no bar and no curve", async () => {
  await withSeries(newest(series("usdc", "corrected"), 8), {}, async (page) => {
    assert.equal(await title(page, "density"), "Residuals side by side, USD");
    assert.ok((await legend(page, "density")).includes("residual (8: too few for a density)"));
    assert.equal(await page.locator("#panel-density .legend .value").count(), 0);
    assert.deepEqual((await texts(page, "density")).filter((text) => text.includes("0.5")), [], "no axis without a meaning");
    const columns = await Promise.all(Array.from({ length: 50 }, (_, i) => column(page, "density", "--chart-bars", i / 50)));
    assert.deepEqual(columns.filter((bar) => bar && bar[1] > 0.9), [], "bars stand on the axis");
    await accessible(page);
  });
  await withSeries(newest(series("usdc", "corrected"), 30), {}, async (page) => {
    assert.equal(await title(page, "density"), "Density of the residuals, per USD");
  });
});

test("one point, two, gaps and 5 000 points are drawn as they are", async () => {
  const json = series("usdc", "corrected");
  const gaps = structuredClone(json);
  for (const i of [20, 21, 60, 119]) gaps.series.value[i] = gaps.series.baseline[i] = null;
  const whole = series("usdc", "corrected", 5000);
  const cases = [[unfitted(newest(json, 1)), /^2026-01-29 01:00 · corrected position 16,692\.46 USD · gain/], [unfitted(newest(json, 2)), /· gain 1,574\.09 USD$/], [gaps, /^2026-01-29 01:00$/], [whole, /· trend \(fit\) 84,986\.00 USD · gain/]];
  for (const [answer, expected] of cases) {
    await withSeries(answer, { width: 1280 }, async (page) => {
      assert.match(await readout(page, "series"), expected);
      if (!answer.residual) assert.equal(await text(page, "charts-note"), "No residuals and no density: the points do not suffice for a fit.");
      assert.equal(await page.locator(".panel canvas").count(), answer.residual ? 3 : 1);
      if (answer !== whole) assert.notEqual(await column(page, "series", "--chart-gain", answer.series.ts.length === 1 ? 0.5 : 0.9), null);
      await fits(page);
    });
  }
});

test("t0 before the first sample is named, and draws the axis no further", async () => {
  await withSeries({ ...series("usdc", "corrected"), t0: "2019-05-01T00:00:00Z" }, {}, async (page) => {
    assert.ok((await legend(page, "series")).includes("← t0 2019-05-01 02:00"));
    assert.deepEqual((await texts(page, "series")).filter((text) => /20(19|2[0-4])/.test(text)), []);
    assert.notEqual(await column(page, "series", "--chart-gain", 0.2), null);
  });
});

test("the summary of a chart is for screen readers only", async () => {
  await withSeries(series("usdc", "corrected"), {}, async (page) => {
    for (const panel of ["series", "residual", "density"]) {
      const summary = page.locator(`#panel-${panel} figcaption`);
      const { width, height } = await summary.boundingBox();
      assert.ok(width <= 1 && height <= 1, `${panel}: ${width} × ${height}`);
      assert.equal(await page.locator(`#panel-${panel} .plot`).getAttribute("aria-describedby"), await summary.getAttribute("id"));
      assert.match(await summary.textContent(), /\d USD/);
    }
  });
});

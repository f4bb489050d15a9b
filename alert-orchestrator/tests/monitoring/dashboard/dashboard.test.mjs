// Is the dashboard one that Grafana 10.2.2 can read, and does it show what an operator must see?
//
// Offline: against a JSON Schema made from the types that Grafana publishes (board.d.ts), and against what Grafana does not check and
// shows wrongly instead: ids twice, panels over each other, a panel without data source. Grafana's server is not run. Whether each
// expression finds something is tried against a live Prometheus by ../live.py.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import Ajv from "ajv";
import { createGenerator } from "ts-json-schema-generator";
import { parse } from "yaml";
import { SERVICE } from "../../../../chassis/tests/support/room.mjs";

const GRAFANA = new URL("../../../deploy/grafana/", import.meta.url);
const read = (path) => readFile(new URL(path, GRAFANA), "utf8");
const board = JSON.parse(await read(`dashboards/${SERVICE.name}.json`));
const panels = board.panels.filter((panel) => panel.type !== "row");

const schema = createGenerator({
  path: new URL("board.d.ts", import.meta.url).pathname,
  type: "Board",
  skipTypeCheck: true, // Grafana's package has types for browser libraries that are not installed
  additionalProperties: false,
  expose: "none", // every plugin calls its types Options and FieldConfig: no names, then
}).createSchema("Board");
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);

/** What the schema finds in a copy of the dashboard that `change` was applied to. */
function faults(change = () => {}) {
  const copy = structuredClone(board);
  change(copy);
  return validate(copy) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`);
}

const named = (title) => panels.find((panel) => panel.title === title) ?? assert.fail(`no panel ${title}`);

/** The colour and word of each value, as `value: WORD color`. */
function states(title) {
  const panel = named(title);
  assert.equal(panel.type, "state-timeline");
  const [mapping, ...more] = panel.fieldConfig.defaults.mappings;
  assert.deepEqual([mapping.type, more.length], ["value", 0]);
  return Object.entries(mapping.options).map(([value, { text, color }]) => `${value}: ${text} ${color}`);
}

test("it fits the types of Grafana 10.2.2", () => {
  assert.deepEqual(faults(), []);
});

test("the types are strict: a wrong key, value, enumeration or a missing part is found", () => {
  for (const change of [
    (copy) => (copy.panels[1].optionen = {}),
    (copy) => (copy.panels[1].options.rowSize = 1),
    (copy) => (copy.panels[1].options.showValue = "often"),
    (copy) => (copy.panels[1].fieldConfig.defaults.mappings[0].type = "values"),
    (copy) => (copy.panels[1].fieldConfig.defaults.custom.opacity = 1),
    (copy) => (copy.panels[2].fieldConfig.defaults.custom.lineInterpolation = "stairs"),
    (copy) => (copy.panels[1].targets[0].legend = "{{asset}}"),
    (copy) => delete copy.panels[1].targets[0].expr,
    (copy) => delete copy.panels[1].datasource,
    (copy) => delete copy.panels[0].gridPos,
    (copy) => (copy.templating.list[1].multi = "yes"),
    (copy) => (copy.graphTooltip = 3),
    (copy) => delete copy.schemaVersion,
  ]) {
    assert.notDeepEqual(faults(change), [], `${change}`);
  }
});

test("ids and titles are each there once", () => {
  for (const key of ["id", "title"]) {
    const all = board.panels.map((panel) => panel[key]);
    assert.deepEqual(all, [...new Set(all)]);
  }
});

test("no panel lies over another, and none beside the grid", () => {
  const taken = new Map();
  for (const { title, gridPos } of board.panels) {
    assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, `${title} is wider than the grid`);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies over ${taken.get(`${x},${y}`)}`);
        taken.set(`${x},${y}`, title);
      }
    }
  }
});

test("every panel asks the chosen Prometheus, about the chosen assets", () => {
  for (const { title, datasource, targets } of panels) {
    assert.deepEqual(datasource, { type: "prometheus", uid: "${datasource}" }, title);
    assert.ok(targets.length > 0, title);
    assert.deepEqual(targets.map((target) => target.refId), ["A", "B", "C"].slice(0, targets.length), title);
    for (const { expr } of targets) {
      const byAsset = expr.includes("by (asset") || expr.includes("ALERTS");
      assert.equal(expr.includes('asset=~"$asset'), byAsset, `${title}: ${expr}`);
      assert.match(expr, /^(-|time\(\) - |2 \* )?(min|max)( by )?\(/, `${title}: two replicas would show twice in ${expr}`);
    }
  }
});

test("decisions and gate have their words and colours", () => {
  assert.deepEqual(states("Decision").sort(), ["-1: ERROR red", "0: HOLD orange", "1: WITHDRAW_OK green"]);
  assert.deepEqual(states("Residual gate").sort(), ["0: quiet green", "1: TRIGGERED red"]);
});

test("everything that an operator must see is there", () => {
  const shown = panels.flatMap((panel) => panel.targets.map((target) => target.expr)).join("\n");
  for (const metric of [
    "wo_decision", "wo_hold", "wo_residual_trigger", "wo_wmax_usd", "wo_g_usd", "wo_residual_usd",
    "wo_residual_threshold_usd", "wo_wallets", "wo_price_usd", "wo_evaluation_duration_seconds_sum", "wo_last_eval_timestamp_seconds", "wo_t1_timestamp_seconds",
  ]) {
    assert.match(shown, new RegExp(`\\b${metric}\\b`));
  }
});

test("the assets can be chosen, several or all, and each has its own panel of residuals", () => {
  const asset = board.templating.list.find((variable) => variable.name === "asset");
  assert.deepEqual([asset.type, asset.multi, asset.includeAll], ["query", true, true]);
  assert.equal(asset.query.query, "label_values(wo_decision, asset)");
  assert.equal(named("Residual of $asset").repeat, "asset");
});

test("the residual is drawn between the lines beyond which it really triggers", () => {
  const { targets } = named("Residual of $asset");
  const threshold = 'max by (asset) (wo_residual_threshold_usd{asset=~"$asset"})';
  assert.deepEqual(targets.slice(1).map(({ expr, legendFormat }) => [legendFormat, expr]), [["+trigger", threshold], ["-trigger", `-${threshold}`]]);
});

test("provisioning brings the data source that the dashboard starts with, and this folder", async () => {
  const { datasources } = parse(await read("provisioning/datasources/prometheus.yml"));
  const chosen = board.templating.list.find((variable) => variable.name === "datasource");
  assert.deepEqual([chosen.type, chosen.query, chosen.current.value], ["datasource", datasources[0].type, datasources[0].uid]);
  assert.equal(datasources[0].jsonData.timeInterval, "60s");
  const { apiVersion, providers } = parse(await read(`provisioning/dashboards/${SERVICE.name}.yml`));
  assert.deepEqual([apiVersion, providers.length, providers[0].type], [1, 1, "file"]);
  assert.equal(providers[0].options.path, "/var/lib/grafana/dashboards");
});

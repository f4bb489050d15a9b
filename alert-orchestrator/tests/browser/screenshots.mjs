// The pictures of the dashboard in the room's docs/images, taken from the real service. Usage: node screenshots.mjs [FOLDER]

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, makeFolder, start, stop } from "./service.mjs";
import { launch, loaded } from "./support.mjs";

const PICTURES = [
  { name: "dashboard-withdraw.png", query: "?asset=usdc", viewport: { width: 1280, height: 1400 }, colorScheme: "light" },
  { name: "dashboard-hold-phone.png", query: "?asset=iusd", viewport: { width: 390, height: 1180 }, colorScheme: "dark" },
];

const target = process.argv[2] ?? join(process.env.ROOM, "docs/images");
await mkdir(target, { recursive: true });
const folder = await makeFolder();
const service = await start(folder, 0);
const browser = await launch();
try {
  for (const { name, query, viewport, colorScheme } of PICTURES) {
    const page = await browser.newPage({ viewport, colorScheme });
    await page.goto(`${service.address}/dashboard${query}`);
    await loaded(page);
    await page.screenshot({ path: join(target, name) });
    await page.close();
  }
} finally {
  await browser.close();
  await stop(service);
  await rm(folder, { recursive: true });
}

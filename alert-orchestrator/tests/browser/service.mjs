// The built binary, on the shipped configuration and the data that come with the repository.
//
// ROOM names the room of the service; PROGRAM the binary, without it, the one of `cargo build --release`.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve as absolute } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SERVICE } from "../../../chassis/tests/support/room.mjs";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BINARY = absolute(process.env.PROGRAM ?? join(ROOT, "target/release", SERVICE.name));
/** Who may mark references. */
export const LOGIN = { user: "ops", password: "correct horse" };

/** A folder to start the service in. */
export async function makeFolder() {
  const folder = await mkdtemp(join(tmpdir(), "dashboard-"));
  for (const part of ["config", "examples"]) await cp(join(ROOT, part), join(folder, part), { recursive: true });
  return folder;
}

const HASH = createHash("sha256").update(LOGIN.password).digest("hex");
const AUTH = `  auth: { enabled: true, username: ${LOGIN.user}, password_hash: "sha256:${HASH}" }\n`;

/** Starts the service in a folder, on a port (0: a free one), and waits for its first evaluation. */
export async function start(folder, port, { telemetry = "", auth = AUTH } = {}) {
  const shipped = await readFile(join(ROOT, SERVICE.configuration), "utf8");
  const listening = shipped.replace("  telemetry:\n", `  telemetry:\n    listen_port: ${port}\n${telemetry}`);
  await writeFile(join(folder, "config/test.yaml"), `${listening}\n${auth}`);
  const child = spawn(BINARY, ["--config", "config/test.yaml"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const log = [];
  const address = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${BINARY} ended with ${code}:\n${log.join("\n")}`)));
    createInterface(child.stderr).on("line", (line) => {
      log.push(line);
      const found = /Dashboard available at (http:\S+)\/dashboard/.exec(line);
      if (found) resolve(found[1]);
    });
  });
  while ((await fetch(`${address}/api/decisions`)).status === 503) await new Promise((resolve) => setTimeout(resolve, 50));
  return { child, address, port: Number(new URL(address).port) };
}

export async function stop({ child }) {
  const ended = new Promise((resolve) => child.on("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

// A server that answers as the service does, from a script. For states a real one reaches only by accident:
// sources that disagree, a server that goes away, hostile names. What the page does with a real one is in service.test.mjs.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { SERVICE } from "../../../chassis/tests/support/room.mjs";

export const WEB = fileURLToPath(new URL(`../../crates/${SERVICE.package}/web/`, import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml" };
const HEADERS = {
  "Content-Security-Policy": "default-src 'self'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

/**
 * Starts one on a free port.
 * `script.answers`: by `METHOD path`, a value (the JSON of a 200) or a function of (query, request body, headers) that
 * returns `{status, json, headers}`.
 */
export async function startFixture(script) {
  const fixture = { script, requests: [] };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://fixture");
    fixture.requests.push({ method: request.method, path: url.pathname, query: url.searchParams, headers: request.headers });
    const { status, type, body, headers } = await answer(fixture.script, request, url);
    response.writeHead(status, { ...HEADERS, "Content-Type": type, "Content-Encoding": "gzip", ...headers });
    response.end(gzipSync(body));
  });
  const listen = (port) => new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address();
  return Object.assign(fixture, {
    url: `http://127.0.0.1:${port}`,
    /** How often a path was asked for since `requests` was last emptied. */
    count: (path) => fixture.requests.filter((request) => request.path === path).length,
    /** The server goes away, with every connection. */
    vanish: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
    comeBack: () => listen(port),
    stop: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())),
  });
}

async function answer(script, request, url) {
  const scripted = script.answers[`${request.method} ${url.pathname}`];
  if (scripted !== undefined) {
    const { status, json, headers } = typeof scripted === "function" ? await scripted(url.searchParams, await bodyOf(request), request.headers) : { status: 200, json: scripted };
    return { status, type: "application/json", body: JSON.stringify(json), headers };
  }
  const file = url.pathname === "/dashboard" ? "index.html" : normalize(url.pathname).slice(1);
  try {
    return { status: 200, type: TYPES[extname(file)] ?? "text/plain", body: await readFile(join(WEB, file)) };
  } catch {
    return { status: 404, type: "application/json", body: JSON.stringify({ error: `nothing at ${url.pathname}`, status: "error" }) };
  }
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length ? JSON.parse(Buffer.concat(chunks)) : null;
}

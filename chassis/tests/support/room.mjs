// The service that a test is about: what stands in the service.toml of its room, which the variable ROOM names.
// The same for Python is service.py.

import { readFileSync } from "node:fs";
import { join } from "node:path";

if (!process.env.ROOM) throw new Error("ROOM is not set, expected the folder of a service");
const text = readFileSync(join(process.env.ROOM, "service.toml"), "utf8");

const strings = [...text.matchAll(/^(\w+) = "(.*)"$/gm)].map(([, key, value]) => [key, value]);
/** Its keys whose value is a string. */
export const SERVICE = Object.freeze(Object.fromEntries(strings));

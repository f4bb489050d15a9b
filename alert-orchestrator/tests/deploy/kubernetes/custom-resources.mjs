// Do custom resources fit what their operators accept? Documents as a JSON list on standard input; on standard output, for
// each of them, the list of its faults.
//
// Two readings of the same published schema: the types refuse a key that nobody knows (an object literal may have no other),
// the validators refuse a value that does not fit.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const ts = createRequire(import.meta.url)("typescript");
const HERE = dirname(fileURLToPath(import.meta.url));
const MODELS = {
  "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
  "external-secrets.io/v1": "@kubernetes-models/external-secrets/external-secrets.io/v1",
  "bitnami.com/v1alpha1": "@kubernetes-models/sealed-secrets/bitnami.com/v1alpha1",
};

const model = ({ apiVersion, kind }) => `${MODELS[apiVersion] ?? `unknown/${apiVersion}`}/${kind}`;

function source(document) {
  const type = `I${document.kind}`;
  return `import type { ${type} } from "${model(document)}";\nexport const manifest: ${type} = ${JSON.stringify(document)};\n`;
}

/** What the compiler says of each document, as if each were a file beside this one. */
function typeFaults(documents) {
  const sources = new Map(documents.map((document, index) => [join(HERE, `document-${index}.ts`), source(document)]));
  const options = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => sources.has(path) || fileExists.call(host, path);
  host.readFile = (path) => sources.get(path) ?? readFile.call(host, path);
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources.keys()].map((path) => {
    const file = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
  });
}

async function valueFaults(document) {
  try {
    const models = await import(model(document));
    new models[document.kind](document).validate();
    return [];
  } catch (error) {
    return [error.message];
  }
}

const documents = JSON.parse(await text(process.stdin));
const types = typeFaults(documents);
const values = await Promise.all(documents.map(valueFaults));
console.log(JSON.stringify(documents.map((_, index) => [...types[index], ...values[index]])));

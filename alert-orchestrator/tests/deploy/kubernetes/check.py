#!/usr/bin/env python3
"""The manifests of deploy/kubernetes: kubectl builds them, Kubernetes' and the operators' schemas accept them, the rules of
rules.py hold, and the program runs with what they give it. No Kubernetes API is asked.

check.py ROOM PROGRAM KUBECTL: the built service, and a kubectl whose kustomize is 5 or newer. Needs the packages of
requirements.txt, a Node.js from 20 on, and `npm ci` in this folder.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "chassis/tests/support"))
import manifests
import mutations
import rules
import running
from running import expect
from service import SERVICE

HASH = "bcrypt:$2b$12$abcdefghijklmnopqrstuuqNVXRnN1Q5v5k3Xb7XWqkZ0mVJ8yS6e"
# Minutes between rounds, the database (none: embedded), whether there is a login.
ENVIRONMENTS = {"dev": (5, None, False), "staging": (30, "liqwid_staging", True), "production": (60, "public", True)}


def schemas(overlays):
    """Known kinds and known keys only; and the check would notice others."""
    documents = [document for overlay in overlays for document in overlay.documents] + manifests.examples()
    core = [document for document in documents if not manifests.is_custom(document)]
    custom = [document for document in documents if manifests.is_custom(document)]
    refused = [fault for fault in map(manifests.core_fault, core) if fault]
    expect(f"Kubernetes {' and '.join(manifests.VERSIONS)} accept {len(core)} documents", refused, [])
    kinds = {document["kind"]: document for document in core}
    blind = [kind for kind, document in kinds.items() if not manifests.core_fault(manifests.with_unknown_key(document))]
    expect(f"an unknown key would be refused in each of {', '.join(sorted(kinds))}", blind, [])
    stranger = {"apiVersion": "apps/v1", "kind": "Deploymint", "metadata": {"name": "x"}}
    expect("an unknown kind would be refused", "Deploymint" in (manifests.core_fault(stranger) or ""), True)

    kinds = {document["kind"]: document for document in custom}
    expect("there is one of each custom resource", sorted(kinds), ["ExternalSecret", "PrometheusRule", "SealedSecret", "ServiceMonitor"])
    broken = [manifests.with_unknown_key(document) for document in kinds.values()]
    broken.append({**custom[0], "kind": "Surprise"})
    answers = manifests.custom_faults(custom + broken)
    expect(f"their operators accept {len(custom)} custom resources", answers[: len(custom)], [[] for _ in custom])
    expect("an unknown key or kind would be refused there, too", [faults for faults in answers[len(custom) :] if not faults], [])


def own_rules(overlays):
    for overlay in overlays:
        expect(f"{overlay.name}: every rule holds", rules.faults(overlay), [])
    production = overlays[-1]
    for what, mutate, words in mutations.MUTATIONS:
        broken = production.copy()
        mutate(broken)
        found = rules.faults(broken)
        if not any(words in fault for fault in found):
            sys.exit(f"FAILED: nobody notices {what}: expected a fault with {words!r}, found {found}")
    expect(f"{len(mutations.MUTATIONS)} faults on purpose are noticed", len(mutations.MUTATIONS) > 0, True)


def examples_fit(overlays):
    """The examples make the very Secret that the pods ask for, and their pod is let in."""
    reader = next(example for example in manifests.examples() if example["kind"] == "Pod")
    expect("the reader of backups is a restricted pod", list(rules.restricted_pod("reader", reader["spec"])), [])
    asked = sorted(variable["name"] for variable in overlays[-1].container()["env"])
    external, sealed = (example for example in manifests.examples() if manifests.is_custom(example))
    expect("the external secret has what the pods ask for", sorted(entry["secretKey"] for entry in external["spec"]["data"]), asked)
    expect("so has the sealed one", sorted(sealed["spec"]["encryptedData"]), asked)
    named = {external["spec"]["target"]["name"], sealed["spec"]["template"]["metadata"]["name"], sealed["metadata"]["name"]}
    expect("under the name the pods ask for", named, {rules.SECRETS})


def environment(overlay):
    """The variables of the server's container; secrets as an example."""
    container = overlay.container()
    variables = {}
    for source in container["envFrom"]:
        variables |= overlay.one("ConfigMap", source["configMapRef"]["name"])["data"]
    secret = {SERVICE.variable("USERNAME"): "operator", SERVICE.variable("PASSWORD_HASH"): HASH}
    return variables | {variable["name"]: secret.get(variable["name"], "") for variable in container.get("env", [])}


def mount(overlay, folder):
    """The ConfigMaps of the server as kubelet lays them out: links to files beside them."""
    folders = {}
    volumes = {volume["name"]: volume for volume in overlay.server()["spec"]["volumes"]}
    for place in overlay.container()["volumeMounts"]:
        volume = volumes[place["name"]]
        sources = volume.get("projected", {}).get("sources", [volume])
        target = folder / place["mountPath"].lstrip("/")
        (target / "..data").mkdir(parents=True)
        folders[place["name"]] = target
        for source in (source["configMap"] for source in sources if "configMap" in source):
            data = overlay.one("ConfigMap", source["name"])["data"]
            paths = {item["key"]: item["path"] for item in source.get("items", [])} or {key: key for key in data}
            for key, path in paths.items():
                (target / "..data" / path).write_text(data[key], encoding="utf-8")
                (target / path).symlink_to(pathlib.Path("..data") / path)
    return folders


def arguments(container, folders):
    """Its command line, with the mounted folder for the one in the container."""
    return [str(folders["config"] / "config.yaml") if part.endswith("/config.yaml") else part for part in container["args"]]


def configuration(program, overlay, folder):
    """What the pod would read, read by the program."""
    folders = mount(overlay, folder)
    command = [program, *arguments(overlay.container(), folders), "--print-config-normalized"]

    def normalized(variables):
        answer = subprocess.run(command, env=variables, cwd=folders["data"], capture_output=True, text=True, timeout=60)
        return answer.returncode, json.loads(answer.stdout) if answer.returncode == 0 else answer.stderr

    variables = environment(overlay)
    code, effective = normalized(variables)
    if code:
        sys.exit(f"FAILED: {overlay.name}: --print-config-normalized: {effective}")
    client, service = effective["client"], effective[SERVICE.configuration_section]
    found = (service["schedule"]["interval_minutes"], (client.get("greptime") or {}).get("database"), service["auth"]["enabled"])
    expect(f"{overlay.name}: every {found[0]:g} minutes, database {found[1]}, login {found[2]}", found, ENVIRONMENTS[overlay.name])
    telemetry = service["telemetry"]
    expect(f"{overlay.name}: listens to the cluster", (telemetry["listen_address"], telemetry["listen_port"]), ("0.0.0.0", rules.PORT))
    expect(f"{overlay.name}: trusts the proxy", telemetry["trusted_proxies"], [variables[SERVICE.variable("TRUSTED_PROXY")]])
    if hosts := {rule["host"] for ingress in overlay.all("Ingress") for rule in ingress["spec"]["rules"]}:
        expect(f"{overlay.name}: answers under the Ingress' name", telemetry["allowed_hosts"], sorted(hosts))
    expect(f"{overlay.name}: charts go to output/", (service["diagnostics"]["enabled"], service["diagnostics"]["dir"]), (True, "output"))
    api = "http://10.0.0.9/graphql"
    elsewhere = normalized(variables | {"LIQWID_API_URL": api})[1][SERVICE.configuration_section]["apis"]
    expect(f"{overlay.name}: LIQWID_API_URL is heard", elsewhere["liqwid_graphql"], api)
    if found[2]:
        hash = SERVICE.variable("PASSWORD_HASH")
        less = {name: value for name, value in variables.items() if name != hash}
        code, said = normalized(less)
        expect(f"{overlay.name}: a missing password hash is named", (code, f"{hash} is not set" in said), (2, True))
    for job in overlay.all("CronJob"):
        backup = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        answer = subprocess.run([program, *backup["args"], "--help"], capture_output=True, text=True, timeout=60)
        expect(f"{overlay.name}: the program knows `{' '.join(backup['args'][4:])}`", (answer.returncode, answer.stderr), (0, ""))


def serving(program, overlay, outside, folder):
    """The development pod as a process: its configuration, its examples, its probes, and the addresses production exposes."""
    folders = mount(overlay, folder)
    port = running.free_port()
    listening = {SERVICE.variable("LISTEN_PORT"): str(port), SERVICE.variable("LISTEN_ADDRESS"): running.HOST}
    variables = environment(overlay) | listening
    container = overlay.container()
    # Program starts in the folder of its log.
    with running.Program([program, *arguments(container, folders)], folders["data"], port, "pod", variables) as pod:
        probes = [container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
        running.wait_for("the first evaluation", lambda: pod.answers(probes[0]))
        expect(f"{', '.join(probes)} answer 200", [pod.get(path)[0] for path in probes], [200, 200, 200])
        decisions = json.loads(pod.get("/api/decisions")[2])
        found = {asset: decision["decision"] for asset, decision in decisions.items()}
        expect("the examples give the decisions of the first run", found, {"usdc": 1, "djed": 0, "iusd": 0, "usdt": 1, "usdm": 0})
        scraped = outside.one("ServiceMonitor")["spec"]["endpoints"][0]["path"]
        expect("Prometheus finds the metrics", f"{SERVICE.metrics_prefix}decision" in pod.get(scraped)[2].decode(), True)
        paths = [path for rule in rules.ways(outside) for path in rule.get("http", {}).get("paths", [])]
        exact = [path["path"] for path in paths if path["pathType"] == "Exact"]
        expect(f"{', '.join(exact)} are pages, or lead to one", [pod.get(path)[0] for path in exact], [307, 200, 307, 200])
        expect("the pod stops when asked", pod.stop(), 0)


def main():
    program, kubectl = (os.path.abspath(argument) for argument in sys.argv[2:4])
    overlays = [manifests.render(kubectl, name) for name in manifests.OVERLAYS]
    expect(f"kubectl builds {', '.join(manifests.OVERLAYS)}", all(overlay.documents for overlay in overlays), True)
    schemas(overlays)
    own_rules(overlays)
    examples_fit(overlays)
    with tempfile.TemporaryDirectory() as folder:
        for overlay in overlays:
            configuration(program, overlay, pathlib.Path(folder, overlay.name))
        serving(program, overlays[0], overlays[-1], pathlib.Path(folder, "serving"))


if __name__ == "__main__":
    main()

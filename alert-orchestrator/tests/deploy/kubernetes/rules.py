"""What must hold in every environment beyond the schemas. Each rule yields its faults as sentences; start at `faults`."""

import json
import re

from service import SERVICE

SECRETS = f"{SERVICE.name}-secrets"
PORT = SERVICE.http_port
LARGEST_CONFIG_MAP_BYTES = 1024 * 1024
# Of the Pod Security profile "restricted".
VOLUME_TYPES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
# Addresses that stay inside the cluster.
INSIDE = {"/metrics", "/livez", "/readyz", "/startupz"}


def faults(overlay):
    return [fault for rule in RULES for fault in rule(overlay)]


def restricted(overlay):
    """The Pod Security profile "restricted", and a read-only root, one user, no token."""
    for name, template in overlay.templates():
        yield from restricted_pod(name, template["spec"])


def restricted_pod(name, spec):
    pod = spec.get("securityContext", {})
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield f"{name}: {key}"
    for volume in spec["volumes"]:
        if not set(volume) - {"name"} <= VOLUME_TYPES:
            yield f"{name}: a volume of the host: {volume}"
    if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield f"{name}: no seccomp profile"
    if not pod.get("runAsNonRoot") or pod.get("runAsUser") != 10001 or pod.get("runAsGroup") != 10001:
        yield f"{name}: not the user 10001"
    if set(pod) - {"fsGroup", "runAsGroup", "runAsNonRoot", "runAsUser", "seccompProfile"}:
        yield f"{name}: more in its security context: {pod}"
    if spec.get("automountServiceAccountToken") is not False:
        yield f"{name}: a token"
    for container in spec["containers"] + spec.get("initContainers", []):
        yield from restricted_container(f"{name}: {container['name']}", container)


def restricted_container(name, container):
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield f"{name}: may become more than it is"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield f"{name}: keeps capabilities"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{name}: may write to its root"
    if set(context) - {"allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem"}:
        yield f"{name}: a security context of its own: {context}"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield f"{name}: a port of the host"


def namespace(overlay):
    """Everything is in one namespace, which enforces the profile."""
    own = overlay.one("Namespace")["metadata"]
    if own["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
        yield "the namespace does not enforce the restricted profile"
    for document in overlay.documents:
        if document["kind"] != "Namespace" and document["metadata"].get("namespace") != own["name"]:
            yield f"{document['kind']} {document['metadata']['name']} is not in {own['name']}"


def containers(overlay):
    """Limits, pinned images, probes."""
    for name, template in overlay.templates():
        for container in template["spec"]["containers"]:
            resources = container.get("resources", {})
            if not all({"cpu", "memory"} <= set(resources.get(key, {})) for key in ("requests", "limits")):
                yield f"{name}: no requests or limits"
            if not re.search(r":\d+\.\d+\.\d+(-[a-z0-9.]+)?$|@sha256:[0-9a-f]{64}$", container["image"]):
                yield f"{name}: no pinned version: {container['image']}"
    if overlay.name == "production" and not re.search(r":\d+\.\d+\.\d+$", overlay.container()["image"]):
        yield "production runs no release"
    server = overlay.container()
    limits = server["resources"]["limits"]
    if (limits.get("memory"), limits.get("cpu")) != (f"{SERVICE.memory_mib}Mi", "500m"):
        yield f"limits of the server: {limits}"
    probes = {key: server.get(key, {}).get("httpGet", {}).get("path") for key in ("startupProbe", "livenessProbe", "readinessProbe")}
    if list(probes.values()) != ["/startupz", "/livez", "/readyz"]:
        yield f"probes: {probes}"


def replicas(overlay):
    """Two that are never both away, or one where the store is embedded."""
    spec = overlay.one("Deployment")["spec"]
    if overlay.name == "dev":
        if spec["replicas"] != 1 or spec["strategy"] != {"type": "Recreate"}:
            yield "two processes on one embedded store"
        return
    if spec["replicas"] != 2 or spec["strategy"]["rollingUpdate"] != {"maxUnavailable": 0, "maxSurge": 1}:
        yield f"replicas: {spec['replicas']}, {spec['strategy']}"
    if overlay.one("PodDisruptionBudget")["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
        yield "a store that is gone keeps nodes from being drained"


def selectors(overlay):
    """Whatever selects the server's pods selects them, and no pods of backups."""
    server = overlay.server()["metadata"]["labels"]
    service = overlay.one("Service")
    chosen = {
        "Deployment": (overlay.one("Deployment")["spec"]["selector"]["matchLabels"], server),
        "Service": (service["spec"]["selector"], server),
        "NetworkPolicy": (overlay.one("NetworkPolicy", SERVICE.name)["spec"]["podSelector"]["matchLabels"], server),
    }
    for monitor in overlay.all("ServiceMonitor"):
        chosen["ServiceMonitor"] = (monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"])
    for budget in overlay.all("PodDisruptionBudget"):
        chosen["PodDisruptionBudget"] = (budget["spec"]["selector"]["matchLabels"], server)
    for spread in overlay.server()["spec"]["topologySpreadConstraints"]:
        chosen[spread["topologyKey"]] = (spread["labelSelector"]["matchLabels"], server)
    others = [template["metadata"]["labels"] for name, template in overlay.templates() if name.startswith("CronJob")]
    for name, (selector, labels) in chosen.items():
        if not selector or not selector.items() <= labels.items():
            yield f"{name} selects {selector}, but the labels are {labels}"
        if any(selector.items() <= other.items() for other in others):
            yield f"{name} selects the backup, too"


def ports(overlay):
    """One port, and the page stays."""
    listening = {port["name"]: port["containerPort"] for port in overlay.container()["ports"]}
    if listening != {"http": PORT}:
        yield f"the container listens on {listening}"
    service = overlay.one("Service")["spec"]
    if [port["targetPort"] for port in service["ports"]] != ["http"] or service.get("publishNotReadyAddresses") is not True:
        yield f"the Service: {service}"


def monitoring(overlay):
    """Scraped under the job of the alerts, and alarmed; development, whose examples would ring, is neither."""
    kinds = [document["kind"] for document in overlay.documents if document["apiVersion"].startswith("monitoring.")]
    if overlay.name == "dev":
        if kinds:
            yield f"development is watched: {kinds}"
        return
    if sorted(kinds) != ["PrometheusRule", "ServiceMonitor"]:
        yield f"watched by {kinds}"
    for monitor in overlay.all("ServiceMonitor"):
        endpoint = monitor["spec"]["endpoints"][0]
        scrape = (endpoint["port"], endpoint["interval"], endpoint["scrapeTimeout"], endpoint["relabelings"][0]["replacement"])
        if scrape != ("http", "60s", "10s", SERVICE.metrics_job):
            yield f"the ServiceMonitor: {scrape}"
    for resource in overlay.all("PrometheusRule"):
        missed = re.findall(r'absent\(.*namespace="([^"]*)"', json.dumps(resource["spec"]).replace("\\", ""))
        if missed != [overlay.one("Namespace")["metadata"]["name"]]:
            yield f"the alert of a service that is gone is about {missed}"


def network(overlay):
    """Nothing comes or goes but what is named."""
    denied = overlay.one("NetworkPolicy", "deny-by-default")["spec"]
    if denied != {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}:
        yield f"deny-by-default allows something: {denied}"
    policy = overlay.one("NetworkPolicy", SERVICE.name)["spec"]
    if policy["policyTypes"] != ["Ingress", "Egress"]:
        yield "the policy covers one direction"
    let_in = [(len(rule["from"]), [port["port"] for port in rule["ports"]]) for rule in policy["ingress"]]
    if let_in != [(2, [PORT])]:
        yield f"let in: {let_in}"
    out = [[(port["protocol"], port["port"]) for port in rule["ports"]] for rule in policy["egress"]]
    if out != [[("UDP", 53), ("TCP", 53)], [("TCP", 4000)], [("TCP", 443)]]:
        yield f"let out: {out}"
    if any(not rule.get("to") for rule in policy["egress"]):
        yield "a way out to anywhere"
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"}
    excepted = {block for peer in policy["egress"][2]["to"] for block in peer["ipBlock"]["except"]}
    if not private <= excepted:
        yield f"HTTPS reaches {private - excepted}"


def references(overlay):
    """Names that one document says of another."""
    maps = {document["metadata"]["name"]: document["data"] for document in overlay.all("ConfigMap")}
    for name, data in maps.items():
        if sum(len(key) + len(value.encode()) for key, value in data.items()) > LARGEST_CONFIG_MAP_BYTES:
            yield f"ConfigMap {name} is too large"
    accounts = {document["metadata"]["name"] for document in overlay.all("ServiceAccount")}
    claims = {document["metadata"]["name"] for document in overlay.all("PersistentVolumeClaim")}
    for name, template in overlay.templates():
        spec = template["spec"]
        if spec["serviceAccountName"] not in accounts:
            yield f"{name}: no account {spec['serviceAccountName']}"
        for volume in spec["volumes"]:
            if "persistentVolumeClaim" in volume and volume["persistentVolumeClaim"]["claimName"] not in claims:
                yield f"{name}: no claim {volume}"
            for source in [volume, *volume.get("projected", {}).get("sources", [])]:
                wanted = source.get("configMap")
                if wanted and not {item["key"] for item in wanted.get("items", [])} <= set(maps.get(wanted["name"], ())):
                    yield f"{name}: ConfigMap {wanted['name']} lacks what is mounted"
                if wanted and wanted["name"] not in maps:
                    yield f"{name}: no ConfigMap {wanted['name']}"
        for container in spec["containers"]:
            for source in container["envFrom"]:
                if source["configMapRef"]["name"] not in maps:
                    yield f"{name}: no ConfigMap {source}"
    binding = overlay.one("RoleBinding")["roleRef"]
    overlay.one(binding["kind"], binding["name"])


def secrets(overlay):
    """Secrets are referred to, each one by its name and required; there is none here."""
    if overlay.all("Secret"):
        yield "a secret in the manifests"
    for name, template in overlay.templates():
        for variable in template["spec"]["containers"][0].get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference != {"name": SECRETS, "key": variable["name"]}:
                yield f"{name}: {variable['name']} is not required from {SECRETS}: {variable}"
    role = overlay.one("Role")
    if any("secrets" in rule["resources"] or "*" in rule["resources"] + rule["verbs"] for rule in role["rules"]):
        yield "the role reads secrets"
    if any(subject["kind"] == "ServiceAccount" for subject in overlay.one("RoleBinding")["subjects"]):
        yield "the service has a role"


def ways(overlay):
    """The rules of every Ingress."""
    return [rule for ingress in overlay.all("Ingress") for rule in ingress["spec"]["rules"]]


def way_in(overlay):
    """Outside reach what people need, over TLS and within limits; development has no way in."""
    described = json.loads((SERVICE.room / SERVICE.openapi).read_text(encoding="utf-8"))["paths"]
    service = {"name": overlay.one("Service")["metadata"]["name"], "port": {"name": "http"}}
    hosts = {rule["host"] for rule in ways(overlay)}
    paths = [path for rule in ways(overlay) for path in rule.get("http", {}).get("paths", [])]
    exposed = [(path["path"], path["pathType"]) for path in paths]
    for path in paths:
        if path["backend"]["service"] != service:
            yield f"{path['path']} leads to {path['backend']}"
    for ingress in overlay.all("Ingress"):
        yield from limits(ingress["metadata"])
    if overlay.name == "dev":
        if hosts:
            yield "development can be reached"
        return
    certified = {host for ingress in overlay.all("Ingress") for tls in ingress["spec"].get("tls", []) for host in tls["hosts"]}
    if len(hosts) != 1 or hosts != certified:
        yield f"hosts {hosts}, certificates for {certified}"
    for path in described:
        reached = any(path == name if kind == "Exact" else path.startswith(name) for name, kind in exposed)
        if reached == (path in INSIDE):
            yield f"{path} is {'' if reached else 'not '}reachable"


def limits(metadata):
    said = {key.removeprefix("nginx.org/"): value for key, value in metadata["annotations"].items()}
    wanted = {f"{SERVICE.name}-page": ("30r/s", "60"), f"{SERVICE.name}-api": ("10r/s", "20")}.get(metadata["name"])
    if wanted is None:
        if said.get("redirect-to-https") != "true" or "cert-manager.io/cluster-issuer" not in said:
            yield f"{metadata['name']}: no TLS"
    elif (said.get("limit-req-rate"), said.get("limit-req-burst")) != wanted or said.get("limit-req-reject-code") != "429":
        yield f"{metadata['name']}: limits {said}"
    elif said.get("client-max-body-size") != "64k":
        yield f"{metadata['name']}: any body"


def backups(overlay):
    """Every night, one at a time."""
    for job in overlay.all("CronJob"):
        spec = job["spec"]
        said = (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"])
        if said != ("0 2 * * *", "Etc/UTC", "Forbid"):
            yield f"the backup: {said}"
    if len(overlay.all("CronJob")) != (0 if overlay.name == "dev" else 1):
        yield "the backup is not where it is needed"


RULES = (restricted, namespace, containers, replicas, selectors, ports, monitoring, network, references, secrets, way_in, backups)

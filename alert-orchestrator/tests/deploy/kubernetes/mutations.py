"""Faults on purpose: every rule has to notice its own. Each entry is what goes wrong, how, and words of the sentence expected."""

from service import SERVICE


def _remove(mapping, key):
    del mapping[key]


def _policy(overlay):
    return overlay.one("NetworkPolicy", SERVICE.name)["spec"]


def _pod(overlay):
    return overlay.server()["spec"]


def _job(overlay):
    return overlay.one("CronJob")["spec"]["jobTemplate"]["spec"]["template"]


def _page(overlay):
    return overlay.one("Ingress", f"{SERVICE.name}-page")


def _notes(overlay, name):
    return overlay.one("Ingress", name)["metadata"]["annotations"]


def _files(overlay):
    return overlay.one("ConfigMap", f"{SERVICE.name}-config")["data"]


def _context(overlay):
    return overlay.container()["securityContext"]


# Of the production overlay.
MUTATIONS = (
    ("host network", lambda o: _pod(o).update(hostNetwork=True), "hostNetwork"),
    ("a folder of the node", lambda o: _pod(o)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}), "volume of the host"),
    ("root", lambda o: _pod(o)["securityContext"].update(runAsNonRoot=False), "not the user 10001"),
    ("no seccomp", lambda o: _remove(_pod(o)["securityContext"], "seccompProfile"), "no seccomp"),
    ("a sysctl", lambda o: _pod(o)["securityContext"].update(sysctls=[]), "more in its security"),
    ("a token", lambda o: _remove(_pod(o), "automountServiceAccountToken"), "a token"),
    ("escalation", lambda o: _context(o).update(allowPrivilegeEscalation=True), "more than it is"),
    ("a capability", lambda o: _context(o)["capabilities"].update(add=["NET_ADMIN"]), "keeps capabilities"),
    ("writable root", lambda o: _context(o).update(readOnlyRootFilesystem=False), "write to its root"),
    ("a user of its own", lambda o: _context(o).update(runAsUser=0), "context of its own"),
    ("a port of the node", lambda o: o.container()["ports"][0].update(hostPort=SERVICE.http_port), "port of the host"),
    ("a backup as root", lambda o: _job(o)["spec"]["securityContext"].update(runAsUser=0), "not the user 10001"),
    ("a lax namespace", lambda o: o.one("Namespace")["metadata"]["labels"].clear(), "does not enforce"),
    ("another namespace", lambda o: o.one("Service")["metadata"].update(namespace="default"), "is not in"),
    ("no limits", lambda o: _remove(o.container()["resources"]["limits"], "memory"), "no requests or limits"),
    ("latest", lambda o: o.container().update(image=f"registry.example.com/{SERVICE.name}:latest"), "no pinned version"),
    ("a candidate", lambda o: o.container().update(image=f"{SERVICE.name}:0.1.0-rc.1"), "runs no release"),
    ("more memory", lambda o: o.container()["resources"]["limits"].update(memory="2Gi"), "limits of the server"),
    ("liveness by store", lambda o: o.container()["livenessProbe"]["httpGet"].update(path="/readyz"), "probes"),
    ("a gap in the roll-out", lambda o: o.one("Deployment")["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1), "replicas"),
    ("a budget that blocks", lambda o: _remove(o.one("PodDisruptionBudget")["spec"], "unhealthyPodEvictionPolicy"), "drained"),
    ("a wrong label", lambda o: o.one("Service")["spec"]["selector"].update({"app.kubernetes.io/name": "x"}), "but the labels are"),
    ("backups served", lambda o: _remove(o.one("Service")["spec"]["selector"], "app.kubernetes.io/component"), "the backup, too"),
    ("another port", lambda o: o.container()["ports"][0].update(containerPort=SERVICE.http_port + 1), "listens on"),
    ("a page that goes", lambda o: _remove(o.one("Service")["spec"], "publishNotReadyAddresses"), "the Service"),
    ("another job", lambda o: o.one("ServiceMonitor")["spec"]["endpoints"][0].update(interval="5s"), "the ServiceMonitor"),
    ("no alerts", lambda o: o.documents.remove(o.one("PrometheusRule")), "watched by"),
    ("another's alert", lambda o: o.one("Namespace")["metadata"].update(name="x"), "a service that is gone"),
    ("open by default", lambda o: o.one("NetworkPolicy", "deny-by-default")["spec"].update(egress=[{}]), "allows something"),
    ("one direction", lambda o: _policy(o).update(policyTypes=["Ingress"]), "one direction"),
    ("in from anywhere", lambda o: _policy(o)["ingress"][0].update({"from": []}), "let in"),
    ("out on any port", lambda o: _policy(o)["egress"][2]["ports"].append({"protocol": "TCP", "port": 80}), "let out"),
    ("GreptimeDB anywhere", lambda o: _remove(_policy(o)["egress"][1], "to"), "out to anywhere"),
    ("the node's metadata", lambda o: _policy(o)["egress"][2]["to"][0]["ipBlock"].update({"except": []}), "HTTPS reaches"),
    ("no registry", lambda o: _remove(_files(o), "token_registry.csv"), "lacks what is mounted"),
    ("no environment", lambda o: o.documents.remove(o.one("ConfigMap", f"{SERVICE.name}-environment")), "no ConfigMap"),
    ("no account", lambda o: o.documents.remove(o.one("ServiceAccount")), "no account"),
    ("no claim", lambda o: o.documents.remove(o.one("PersistentVolumeClaim")), "no claim"),
    ("a large file", lambda o: _files(o).update(x="x" * 2**20), "too large"),
    ("a secret", lambda o: o.documents.append({**o.documents[-1], "kind": "Secret"}), "a secret in the manifests"),
    ("a default password", lambda o: o.container()["env"][1].update(value="x", valueFrom={}), "is not required"),
    ("a secret that may lack", lambda o: o.container()["env"][1]["valueFrom"]["secretKeyRef"].update(optional=True), "is not required"),
    ("all rights", lambda o: o.one("Role")["rules"][0]["verbs"].append("*"), "reads secrets"),
    ("a role for the service", lambda o: o.one("RoleBinding")["subjects"][0].update(kind="ServiceAccount"), "has a role"),
    ("metrics outside", lambda o: _page(o)["spec"]["rules"][0]["http"]["paths"][0].update(pathType="Prefix"), "/metrics is reachable"),
    ("a lost page", lambda o: _page(o)["spec"]["rules"][0]["http"]["paths"].pop(), "is not reachable"),
    ("another backend", lambda o: _page(o)["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"].update(name="x"), "leads to"),
    ("no certificate", lambda o: _remove(o.one("Ingress", SERVICE.name)["spec"], "tls"), "certificates for"),
    ("plain HTTP", lambda o: _remove(_notes(o, SERVICE.name), "nginx.org/redirect-to-https"), "no TLS"),
    ("no rate", lambda o: _remove(_notes(o, f"{SERVICE.name}-page"), "nginx.org/limit-req-rate"), "limits"),
    ("no size", lambda o: _remove(_notes(o, f"{SERVICE.name}-page"), "nginx.org/client-max-body-size"), "any body"),
    ("backups at noon", lambda o: o.one("CronJob")["spec"].update(schedule="0 12 * * *"), "the backup:"),
    ("no backup", lambda o: o.documents.remove(o.one("CronJob")), "not where it is needed"),
)

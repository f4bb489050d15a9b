"""What kubectl would send for each overlay, and what Kubernetes and the operators say of it."""

import copy
import json
import pathlib
import re
import subprocess
import sys

import kubernetes_validate
import yaml

from service import SERVICE

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[3]
DEPLOYED = SERVICE.room / f"deploy/kubernetes/{SERVICE.name}"
OVERLAYS = ("dev", "staging", "production")
# The oldest Kubernetes that the manifests promise to run on, and the newest there is.
VERSIONS = ("1.31", "1.37")
OPERATORS = ("monitoring.coreos.com/", "external-secrets.io/", "bitnami.com/")


class Overlay:
    """One environment: its documents, and how to find one."""

    def __init__(self, name, documents):
        self.name, self.documents = name, documents

    def copy(self):
        return Overlay(self.name, copy.deepcopy(self.documents))

    def all(self, kind):
        return [document for document in self.documents if document["kind"] == kind]

    def one(self, kind, name=None):
        """The document of that kind; a generated name may end in a hash."""
        named = re.compile(rf"{re.escape(name)}(-[a-z0-9]{{10}})?" if name else ".*")
        found = [document for document in self.all(kind) if named.fullmatch(document["metadata"]["name"])]
        if len(found) != 1:
            sys.exit(f"FAILED: {self.name} has {len(found)} × {kind} {name or ''}, expected 1")
        return found[0]

    def templates(self):
        """Name and pod template of whatever runs pods."""
        for document in self.documents:
            name = f"{document['kind']} {document['metadata']['name']}"
            if document["kind"] == "Deployment":
                yield name, document["spec"]["template"]
            elif document["kind"] == "CronJob":
                yield name, document["spec"]["jobTemplate"]["spec"]["template"]

    def server(self):
        return self.one("Deployment")["spec"]["template"]

    def container(self):
        return self.server()["spec"]["containers"][0]


def render(kubectl, name):
    """The overlay as `kubectl apply -k` would send it; a warning is a fault, too."""
    command = [kubectl, "kustomize", str(DEPLOYED / "overlays" / name)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if answer.returncode or answer.stderr:
        sys.exit(f"FAILED: kubectl kustomize {name}: exit code {answer.returncode}: {answer.stderr}")
    return Overlay(name, list(yaml.safe_load_all(answer.stdout)))


def examples():
    """The files beside the overlays, which nobody applies as they are."""
    files = sorted((DEPLOYED / "examples").glob("*.yaml"))
    return [document for file in files for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


def is_custom(document):
    return document["apiVersion"].startswith(OPERATORS)


def core_fault(document):
    """Why Kubernetes would refuse the document, a kind it does not know included."""
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            return f"{document['kind']} {document['metadata']['name']}, Kubernetes {version}: {error.message}"
    return None


def custom_faults(documents):
    """For each custom resource, why its operator would refuse it."""
    command = ["node", str(HERE / "custom-resources.mjs")]
    answer = subprocess.run(command, input=json.dumps(documents), capture_output=True, text=True, timeout=300)
    if answer.returncode:
        sys.exit(f"FAILED: {' '.join(command)}: {answer.stderr}")
    return json.loads(answer.stdout)


def with_unknown_key(document):
    """The document with a key that nobody knows, as deep as a typing error would be."""
    broken = copy.deepcopy(document)
    inside = broken.get("spec", broken)
    inside["surprise"] = "x"
    return broken

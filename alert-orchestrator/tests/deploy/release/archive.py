#!/usr/bin/env python3
"""The release archive: the same bytes from two clones, nothing in it that git does not track, a bill that holds, and a
program that works where it is unpacked.

Usage: archive.py ROOM BINARY [PYTHON]

BINARY was built from HEAD; PYTHON can import cyclonedx (cyclonedx-python-lib[json-validation]). The program is built once,
by whoever calls this; that a second build gives the same program is shown by twice.sh, which takes as long as two builds do.
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "chassis/tests/support"))
from running import REPOSITORY, expect
from service import SERVICE

# A page that nobody has committed.
NOTE = f"{SERVICE.name}/docs/note.md"

VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing
text = sys.stdin.read()
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
if error:
    sys.exit(f"not CycloneDX 1.6: {error.data.message}")
import json
for part in json.loads(text)["components"]:
    for licence in part["licenses"]:
        get_spdx_licensing().parse(licence["expression"], validate=True, strict=True)
"""


def run(command, folder, **options):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, **options)


def git(folder, *arguments):
    answer = run(["git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments], folder)
    if answer.returncode != 0:
        sys.exit(f"FAILED: git {' '.join(arguments)}: {answer.stderr}")
    return answer.stdout


class Clone:
    """The committed project in a folder of its own."""

    def __init__(self, folder, umask=0o022, **environment):
        git("/", "clone", "--quiet", str(REPOSITORY), str(folder))
        self.folder, self.umask, self.environment = folder, umask, environment

    def dist(self, *arguments):
        """Packs this clone with the tool of the project that the test is in."""
        command = ["cargo", "xtask", "dist", SERVICE.name, "--source", str(self.folder), *arguments]
        environment = {**os.environ, **self.environment, "RUST_BACKTRACE": "0"}
        return run(command, REPOSITORY, env=environment, umask=self.umask)

    def outputs(self):
        folder = self.folder / "target/dist"
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def packed(clone, binary):
    answer = clone.dist("--program", binary)
    if answer.returncode != 0:
        sys.exit(f"FAILED: cargo xtask dist: {answer.stderr}")
    return clone.outputs()


def same_bytes(folder, binary):
    one = Clone(folder / "one", TZ="Asia/Tokyo")
    two = Clone(folder / "deeper/down/the second", umask=0o077, TZ="UTC", LC_ALL="C")
    first, second = packed(one, binary), packed(two, binary)
    expect("two clones in different folders give the same archive, bill and checksums", second, first)
    return one


def checksums(folder):
    archive = next(folder.glob("*.tar.gz"))
    for sums in "SHA256SUMS", f"{archive.name}.sha256":
        expect(f"sha256sum accepts {sums}", run(["sha256sum", "-c", sums], folder).returncode, 0)
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    expect("and refuses one that differs in a bit", run(["sha256sum", "-c", "SHA256SUMS"], folder).returncode, 1)
    archive.write_bytes(whole)
    return archive


def released(path):
    """Where a file of the repository lies in a release: the service's room and the pages of the chassis are laid over each other."""
    room, _, inside = path.partition("/")
    is_moved = room == SERVICE.name and inside.startswith(("README.md", "deploy/", "docs/")) or path.startswith("chassis/docs/")
    return inside if is_moved else path


def dangling_links(page):
    """Links of a page that lead to no file. What stands in code is none."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(([^)#\s]+)", re.sub(r"`[^`]*`", "", text))
    return [f"{page.name}: {link}" for link in links if "://" not in link and not (page.parent / link).exists()]


def unpacked(archive, folder, clone):
    with tarfile.open(archive) as tar:
        names = [entry.name for entry in tar if entry.isfile()]
        expect("every entry is a file or a folder", [e.name for e in tar if not (e.isfile() or e.isdir())], [])
    run(["tar", "-xzf", str(archive)], folder, check=True)
    top = archive.name.removesuffix(".tar.gz")
    expect("everything is below one folder", [path.name for path in folder.iterdir()], [top])
    tracked = {released(path) for path in git(clone.folder, "ls-files", "-z").split("\0")}
    added = {name.removeprefix(top + "/") for name in names} - tracked
    others = sorted(name for name in added if not name.startswith("licenses/"))
    made = sorted(["VERSION", SERVICE.name, "sbom.cdx.json"])
    expect("beside licences there is nothing that git does not track", others, made)
    pages = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"]
    folders = ["config", "deploy", "docs", "examples", "licenses"]
    expect("and nothing that is for builders only", {name.split("/")[1] for name in names}, {*made, *pages, *folders})
    places = [*SERVICE.ships, f"{SERVICE.name}/deploy", f"{SERVICE.name}/docs", "chassis/docs"]
    sources = filter(None, git(clone.folder, "ls-files", "-z", *places).split("\0"))
    shipped = {released(path): path for path in sources}
    missing = shipped.keys() - {name.removeprefix(top + "/") for name in names}
    expect("all of config, deploy, docs and examples is there", missing, set())
    for name, source in sorted(shipped.items()):
        # Links of pages lead to where the files lie in a release.
        is_page = name.endswith(".md")
        if not is_page and (folder / top / name).read_bytes() != (clone.folder / source).read_bytes():
            sys.exit(f"FAILED: {name} is not as committed")
    # Licences are the words of others.
    texts = [name for name in names if name.endswith(".md") and not name.startswith(f"{top}/licenses/")]
    missing = {"README.md", "CONTRIBUTING.md", "docs/runbook.md"} - {name.removeprefix(f"{top}/") for name in texts}
    expect("README, pages for builders and the guide are in it", missing, set())
    dangling = [link for name in texts for link in dangling_links(folder / name)]
    expect("every link of a page leads to a file of the release", dangling, [])
    expect("with the right to run what may be run", os.access(folder / top / SERVICE.name, os.X_OK), True)
    return folder / top


def works(folder, commit):
    facts = dict(line.split(" ", 1) for line in (folder / "VERSION").read_text().splitlines())
    expect("VERSION names the commit", facts["commit"], commit)
    shown = run([f"./{SERVICE.name}", "--version"], folder).stdout
    beginning = f"{SERVICE.name} {facts['version']} (commit {commit[:12]}, built "
    expect("the program names version and commit", shown[: len(beginning)], beginning)
    once = run([f"./{SERVICE.name}", "--once"], folder)
    expected = (SERVICE.room / "tests/first_run.txt").read_text()
    expect("it decides about the examples as the guide says", (once.returncode, once.stdout), (0, expected))


def valid(bill, python):
    command = [python, "-c", VALIDATE]
    answer = run(command, "/", input=json.dumps(bill))
    expect("the bill fits the CycloneDX schema, its licences the SPDX list", (answer.returncode, answer.stderr), (0, ""))
    broken = {**bill, "components": [{**bill["components"][0], "purls": "x"}]}
    expect("which refuses an unknown field", run(command, "/", input=json.dumps(broken)).returncode, 1)


def complete(bill, folder):
    parts = {part["bom-ref"]: part for part in bill["components"]}
    uses = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    program = bill["metadata"]["component"]["bom-ref"]
    reached, queue = set(), [program]
    while queue:
        part = queue.pop()
        if part not in reached:
            reached.add(part)
            queue.extend(uses[part])
    expect("every part is reached from the program", reached, {program, *parts})
    crates = {ref: part for ref, part in parts.items() if part.get("purl", "").startswith("pkg:cargo/")}
    lock = tomllib.loads((REPOSITORY / "Cargo.lock").read_text())
    checksums = {f"{package['name']}@{package['version']}": package.get("checksum") for package in lock["package"]}
    expect("there are many", len(crates) > 100, True)
    found = {ref: part["hashes"][0]["content"] for ref, part in crates.items()}
    expect("every crate has its checksum of the lock file", found, {ref: checksums[ref] for ref in crates})
    from_outside = [ref.replace("@", "-") for ref, part in parts.items() if "purl" in part]
    bare = [name for name in from_outside if not any((folder / "licenses" / name).rglob("*"))]
    expect("every part from outside has its licence in the archive", bare, [])
    # Another witness: panics name the source that they come from.
    crate = rb"/registry/(?:src/[^/\0]+/)?([a-z0-9_-]+-[0-9]+\.[0-9]+\.[0-9]+[a-z0-9.+-]*)/src/"
    named = {match.decode() for match in re.findall(crate, (folder / SERVICE.name).read_bytes())}
    expect("the program's messages name many crates", len(named) > 30, True)
    expect("and each is in the bill", named - {ref.replace("@", "-") for ref in crates}, set())


def refusals(clone, binary):
    (clone.folder / NOTE).write_text("not committed")
    answer = clone.dist("--program", binary)
    expect("what is not committed is refused and named", (answer.returncode, NOTE in answer.stderr), (1, True))
    answer = clone.dist("--program", binary, "--allow-dirty")
    dirty = [name for name in clone.outputs() if "-dirty-" in name and name.endswith(".tar.gz")]
    expect("or marked as dirty", (answer.returncode, len(dirty)), (0, 1))
    with tarfile.open(clone.folder / "target/dist" / dirty[0]) as tar:
        expect("and not packed all the same", [name for name in tar.getnames() if name.endswith("note.md")], [])
    (clone.folder / NOTE).unlink()
    git(clone.folder, "commit", "--quiet", "--allow-empty", "--message", "Another commit")
    answer = clone.dist("--program", binary)
    expect("a program of another commit is refused", (answer.returncode, "expected (commit" in answer.stderr), (1, True))


def main():
    binary, python = str(pathlib.Path(sys.argv[2]).resolve()), sys.argv[3] if len(sys.argv) > 3 else sys.executable
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        clone = same_bytes(folder, binary)
        commit = git(clone.folder, "rev-parse", "HEAD").strip()
        archive = checksums(clone.folder / "target/dist")
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        release = unpacked(archive, elsewhere, clone)
        works(release, commit)
        text = (release / "sbom.cdx.json").read_text()
        beside = archive.with_name(archive.name.replace(".tar.gz", ".cdx.json")).read_text()
        expect("the bill beside the archive is the one in it", beside, text)
        valid(json.loads(text), python)
        complete(json.loads(text), release)
        refusals(clone, binary)


main()

#!/usr/bin/env python3
"""Released programs and today's: each opens the other's store, backups and configuration, with the same answers. Where today's
store has a newer schema, today's program brings an old one up to date, keeps it as it was, and gives the same answers; the
released program refuses the newer one, says what to install, changes nothing, and goes on with the copy from before.

Usage: compatible.py ROOM PROGRAM [--old OLD_PROGRAM]

The releases are the folders released-VERSION among the tests of the service's package: settings, data, and in COMMIT what the
release was made from. Each is built from git's history, as a development build under target/released, which is kept for the
next time; OLD_PROGRAM is taken instead where it is given. A git worktree belongs to each: `git worktree prune` forgets it once
target/ has been deleted.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "chassis/tests/support"))
from running import REPOSITORY, expect

ASSET = "djed"
SETTINGS = ["config.yaml", "token_registry.csv"]
SECRETS = ["secrets.env", "credentials/example"]
NORMALIZED = "--print-config-normalized"
JSON_ANSWERS = ["--once --json", "explain --json", NORMALIZED]
# Keys of a wallet's limit, and the asset's.
LIMITS = ["wmax_usd", "limit_usd"]
HEADER = ["application_id", "user_version", "page_size", "auto_vacuum", "encoding", "journal_mode"]


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, timeout=600)


def releases(service):
    """The folders with settings, data and COMMIT."""
    pattern = f"*{service}/tests/testdata/released-*/COMMIT"
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", pattern)
    if not listed.stdout:
        sys.exit(f"FAILED: no release of {service} is known, expected a file {pattern} {listed.stderr}")
    return [(REPOSITORY / line).parent for line in sorted(listed.stdout.splitlines())]


def built(service, release):
    """The program of a release, built from git's history."""
    commit = (release / "COMMIT").read_text(encoding="utf-8").strip()
    if git("cat-file", "-e", f"{commit}^{{commit}}").returncode != 0:
        sys.exit(
            f"FAILED: commit {commit} of {release.name} is not in this clone, which may be a shallow one; "
            "fetch it with git fetch --unshallow, or pass its program with --old"
        )
    folder = REPOSITORY / "target/released" / commit[:12]
    source, target = folder / "source", folder / "target"
    if not (source / "Cargo.toml").exists():
        # By force: a worktree that was deleted with target/ may still be known.
        added = git("worktree", "add", "--force", "--force", "--detach", str(source), commit)
        if added.returncode != 0:
            sys.exit(f"FAILED: git worktree add: {added.stderr}")
    command = ["cargo", "build", "--quiet", "--locked", "-p", service, "--target-dir", str(target)]
    # Nobody looks into it with a debugger: without what one needs it is built in half the time.
    environment = {**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0"}
    if subprocess.run(command, cwd=source, env=environment).returncode != 0:
        sys.exit(f"FAILED: building {release.name} from {commit}")
    return target / "debug" / service


class Host:
    """A folder with a configuration, in which programs run."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)

    def run(self, program, *arguments, code=0, answer=""):
        return self.said(program, *arguments, code=code, answer=answer).stdout

    def said(self, program, *arguments, code=0, answer=""):
        command = [program, "--config", SETTINGS[0], "--log-level", "ERROR", *arguments]
        done = subprocess.run(command, cwd=self.folder, input=answer, capture_output=True, text=True, timeout=120)
        if done.returncode != code:
            sys.exit(f"FAILED: {command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def set_up(self, program, release):
        """The store, a decision, a tag that stands in the store alone, and a backup without and one with secrets."""
        for name in [*SETTINGS, *SECRETS]:
            (self.folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(release / name, self.folder / name)
        shutil.copytree(release / "data", self.folder / "data")
        tables = sorted(str(path) for path in (self.folder / "data").iterdir())
        self.run(program, "import", *tables, code=1)  # one line has no wallet
        self.run(program, "--once")
        self.run(program, "tag", "--asset", ASSET, "--latest", answer="y\n")
        self.run(program, "backup", "--output", "plain.tar.gz")
        self.run(program, "backup", "--output", "secret.tar.gz", "--with-secrets")

    def answers(self, program):
        return {
            "--once": self.run(program, "--once"),
            "--once --json": json.loads(self.run(program, "--once", "--json")),
            "explain --json": json.loads(self.run(program, "explain", ASSET, "--json")),
            NORMALIZED: json.loads(self.run(program, NORMALIZED)),
        }

    def files(self):
        """The files of the store: itself, no log beside it, and the copies from before a migration."""
        return sorted((self.folder / "var").iterdir())

    def form(self):
        """What the store says of itself, and its rows but those of the journal, where it is one file without a copy."""
        files = self.files()
        if len(files) != 1:
            sys.exit(f"FAILED: the store is one file, found {[path.name for path in files]}")
        return form(files[0])

    def refuses(self, program, *arguments):
        """The program does not do that, and what it says names what to install."""
        done = self.said(program, *arguments, code=1)
        return "knows versions up to" in done.stdout + done.stderr


def form(store):
    """What a store says of itself, and its rows but those of the journal."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "store.db"  # looked into beside the original, which stays as it is
        shutil.copy(store, copy)
        connection = sqlite3.connect(copy)
        found = {name: connection.execute(f"pragma {name}").fetchone() for name in HEADER}
        for kind, name, table, sql in connection.execute("select type, name, tbl_name, sql from sqlite_master").fetchall():
            found[f"{kind} {name}"] = (table, sql)
            if kind == "table" and name != "decisions":
                found[f"rows of {name}"] = connection.execute(f"select * from {name}").fetchall()
        connection.close()
    return found


def differences(found, expected):
    """The keys of what is not the same in both, each with either value. What only one of them tells or configures does not count."""
    first, second = shared(found, expected), shared(expected, found)
    return {key: (first.get(key), second.get(key)) for key in {**first, **second} if first.get(key) != second.get(key)}


def shared(one, other):
    """`one`, whose answers have the keys that the other's have, too."""
    return {key: known(value, other[key]) if key in JSON_ANSWERS and key in other else value for key, value in one.items()}


def known(one, other, key=None):
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: known(value, other[key], key) for key, value in one.items() if key in other}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [known(*values) for values in zip(one, other)]
    # A wallet's limit is rounded down to the cent since 0.2.0; the asset's always was.
    return math.floor(one * 100 + 1e-6) / 100 if key in LIMITS and isinstance(one, float) else one


def left_out(found, expected, path=""):
    """Where `found` does not tell what `expected` does."""
    if isinstance(expected, dict) and isinstance(found, dict):
        inside = [left_out(found[key], value, f"{path}.{key}") for key, value in expected.items() if key in found]
        return [f"{path}.{key}" for key in expected if key not in found] + sum(inside, [])
    if isinstance(expected, list) and isinstance(found, list):
        return sum([left_out(*values, path) for values in zip(found, expected)], [])
    return []


def restored(folder, host, name, program, said):
    """A host that `program` has made of the other's backup of that name, which must give the answers `said`."""
    there = Host(folder / name)
    there.run(program, "restore", str(host.folder / f"{name}.tar.gz"))
    expect(f"  from the {name} backup: the same answers", differences(there.answers(program), said), {})
    return there


def one_way(folder, release, maker, reader):
    """Everything that `maker` = (name, program) has made is opened by `reader`."""
    (made_by, make), (read_by, read) = maker, reader
    print(f"made by {made_by}, opened by {read_by}", flush=True)
    host = Host(folder / "host")
    host.set_up(make, release)
    said, form = host.answers(make), host.form()
    expect("  the same answers, and the same normal form of the configuration", differences(host.answers(read), said), {})
    expect("  header, schema and rows of the store stay as they are", differences(host.form(), form), {})
    expect("  its maker still gives the same answers", differences(host.answers(make), said), {})
    for name, secrets in [("plain", []), ("secret", SECRETS)]:
        there = restored(folder, host, name, read, said)
        expect("  the same store", differences(there.form(), form), {})
        files = [file for file in [*SETTINGS, *SECRETS] if (there.folder / file).exists()]
        expect("  the files that belong to it", files, [*SETTINGS, *secrets])
        changed = [file for file in files if (there.folder / file).read_bytes() != (release / file).read_bytes()]
        expect("  as they were", changed, [])
    return said | {key: value for key, value in form.items() if not key.startswith("rows")}


def upgrade(folder, release, old, new):
    """A store that `old` = (name, program) has made is brought up to date by `new`, and gone back from."""
    (made_by, make), (read_by, read) = old, new
    print(f"made by {made_by}, brought up to date by {read_by}", flush=True)
    host = Host(folder / "host")
    host.set_up(make, release)
    said, before = host.answers(make), host.form()
    now = host.answers(read)
    expect("  the same answers, and the same normal form of the configuration", differences(now, said), {})
    expect("  nothing of them is left out", left_out(now, said), [])
    store, *copies = host.files()
    expect("  one copy is kept", [path.name.startswith(f"{store.name}.schema-") for path in copies], [True])
    expect("  it is the store as it was", differences(form(copies[0]), before), {})
    after = form(store)
    rows = [key for key in before if key.startswith("rows of") and key != "rows of programs"]
    expect("  every row is still there", differences({key: after[key] for key in rows}, {key: before[key] for key in rows}), {})
    expect(f"  {made_by} refuses it", host.refuses(make, "explain", ASSET), True)
    expect("  and changes nothing", differences(form(store), after), {})
    copies[0].rename(store)
    expect("  with the copy in its place, the same answers again", differences(host.answers(make), said), {})
    for name in ["plain", "secret"]:
        restored(folder, host, name, read, said)


def refused(folder, release, old, new):
    """What `new` has made is nothing to `old`, which says so."""
    (read_by, read), (made_by, make) = old, new
    print(f"made by {made_by}, refused by {read_by}", flush=True)
    host = Host(folder / "host")
    host.set_up(make, release)
    said, before = host.answers(make), host.form()
    expect("  the store", host.refuses(read, "explain", ASSET), True)
    expect("  the backup", Host(folder / "plain").refuses(read, "restore", str(host.folder / "plain.tar.gz")), True)
    expect("  nothing has changed", differences(host.form(), before), {})
    expect("  its maker still gives the same answers", differences(host.answers(make), said), {})


def schema(folder, release, program):
    """The version of the schema that the program writes."""
    host = Host(folder)
    host.set_up(program, release)
    return host.form()["user_version"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("room", type=pathlib.Path)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--old", type=pathlib.Path, metavar="OLD_PROGRAM")
    options = parser.parse_args()
    service = options.room.resolve().name
    for release in releases(service):
        old = (release.name, (options.old or built(service, release)).resolve())
        new = ("today's program", options.program.resolve())
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            if schema(folder / "old", release, old[1]) != schema(folder / "new", release, new[1]):
                upgrade(folder / "forth", release, old, new)
                refused(folder / "back", release, old, new)
                continue
            forth = one_way(folder / "forth", release, old, new)
            back = one_way(folder / "back", release, new, old)
        expect("either way: the same answers, header and schema", differences(back, forth), {})


if __name__ == "__main__":
    main()

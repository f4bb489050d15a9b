#!/usr/bin/env python3
"""Does the first hour with one's own wallets go as the guide says, by doing nothing but what it says?

Runs each command of "Your own wallets" of docs/getting-started.md in a fresh folder, in order, with nothing in the
environment but a PATH on which the program is, and compares what it prints with what the guide shows behind it (`…` stands
for any text). The last that it shows has to be a decision to withdraw. Commands that serve are left out: other tests serve.

With --build the program is built first, as the guide's own first command does. Says how long each part took.

    alert-orchestrator/tests/guide/first_hour.py ROOM PROGRAM
    alert-orchestrator/tests/guide/first_hour.py ROOM --build
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "chassis/tests/support"))

from service import SERVICE

PAGE = SERVICE.room / "docs/getting-started.md"
SECTION = "## Your own wallets"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def require(holds, fault):
    if not holds:
        sys.exit(f"FAILED: {fault}")


def blocks():
    """Language and text of each block of the section."""
    page = PAGE.read_text(encoding="utf-8")
    require(page.count(f"\n{SECTION}") == 1, f"{PAGE} has no section {SECTION!r}")
    section = page.split(f"\n{SECTION}")[1].split("\n## ")[0]
    for indent, language, text in BLOCK.findall(section):
        yield language, re.sub(f"^{indent}", "", text, flags=re.MULTILINE)


def serves(line):
    """Whether a command begins the service: there is nothing behind its configuration."""
    return re.fullmatch(rf"{re.escape(SERVICE.name)} --config \S+", line.strip()) is not None


def run(text, folder, programs):
    """What the commands of a block print."""
    commands = "\n".join(line for line in text.splitlines() if not serves(line))
    environment = {"PATH": f"{programs}:/usr/bin:/bin"}
    shell = ["sh", "-eu", "-c", commands]
    done = subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"{PAGE}: this failed:\n{commands}\n{done.stdout}{done.stderr}")
    return done.stdout


def shown(line, printed):
    """Whether a line of the guide is one of those that were printed."""
    pattern = ".+".join(re.escape(part) for part in line.split("…"))
    return any(re.fullmatch(pattern, found) for found in printed.splitlines())


def follow(folder, programs):
    """Does what the section says; returns the decision that it ends in."""
    printed, decision, commands = "", "", 0
    for language, text in blocks():
        if language == "sh":
            printed = run(text, folder, programs)
            commands += 1
        elif language == "text":
            for line in text.splitlines():
                require(shown(line, printed), f"{PAGE} shows\n{line}\nbut this was printed:\n{printed}")
                decision = line
    require(commands > 0, f"{PAGE}: no commands in {SECTION!r}")
    return decision


def build():
    """The program, built as the guide says."""
    subprocess.run(["cargo", "run", "--quiet", "--release", "--", "--version"], cwd=REPOSITORY, check=True)
    return REPOSITORY / "target/release" / SERVICE.name


def main():
    started = time.monotonic()
    program = build() if sys.argv[2] == "--build" else pathlib.Path(sys.argv[2]).resolve()
    built = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder, programs = pathlib.Path(scratch, "folder"), pathlib.Path(scratch, "programs")
        folder.mkdir()
        programs.mkdir()
        os.symlink(program, programs / SERVICE.name)
        decision = follow(folder, programs)
    require(": decision=1, " in decision, f"{PAGE} ends in {decision!r}, and not in a decision to withdraw")
    ended = time.monotonic()
    print(f"first hour: {decision}")
    print(f"first hour: {built - started:.1f} s to build, {ended - built:.1f} s from init to that decision")


main()

"""Release archives in the shape that `cargo xtask dist` gives them, quickly: around any program, of any commit."""

import hashlib
import io
import subprocess
import tarfile

from running import REPOSITORY
from service import SERVICE

# Where an operator has unpacked the first release.
UNPACKED = "/tmp/release"
SCRIPTS = f"{UNPACKED}/deploy/scripts"
# Of what a release holds, what the tests use.
SHIPPED = ("config/", "deploy/", "docs/systemd.md", "examples/")


def shipped():
    """The files of the repository by their path in a release."""
    command = ["cargo", "xtask", "dist", SERVICE.name, "--list"]
    listed = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    files = dict(line.split("\t") for line in listed.stdout.splitlines())
    return {path: REPOSITORY / source for path, source in files.items() if path.startswith(SHIPPED)}


def archive(folder, program, commit, version="0.1.0", without=()):
    """Writes the archive and its checksum; `program`: the bytes of what shall be the service's in it."""
    top = f"{SERVICE.name}-{version}-x86_64-unknown-linux-gnu"
    path = folder / f"{top}-{commit[:12]}.tar.gz"
    files = {path: source for path, source in shipped().items() if path not in without}
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, contents in {SERVICE.name: program, "VERSION": f"version {version}\ncommit {commit}\n".encode()}.items():
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mode = len(contents), 0o755 if name == SERVICE.name else 0o644
            tar.addfile(entry, io.BytesIO(contents))
        for name, source in files.items():
            tar.add(source.resolve(), f"{top}/{name}", filter=_of_nobody)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(path.name + ".sha256").write_text(f"{checksum}  {path.name}\n", encoding="utf-8")
    return path


def unpack(machine, archive):
    """As an operator does before setup.sh; `archive`: its path inside."""
    machine.run("bash", "-c", f"mkdir {UNPACKED} && tar -xzf {archive} --strip-components=1 -C {UNPACKED}")


def link(machine):
    """Makes the unpacked release the current one by hand; deploy.sh has its own test."""
    release = f"{SERVICE.releases}/first"
    machine.run("bash", "-c", f"cp -r {UNPACKED} {release} && ln -s releases/first {SERVICE.current}")


def install(machine, binary):
    """The machine after setup.sh, with a current release that does not run yet."""
    path = archive(machine.shared, binary.read_bytes(), "1" * 40)
    unpack(machine, f"/srv/{path.name}")
    machine.run(f"{SCRIPTS}/setup.sh")
    link(machine)


def _of_nobody(entry):
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry

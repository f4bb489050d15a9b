#!/usr/bin/env python3
"""The image: built by buildah from the Dockerfile that users build, and run by runc as deploy/compose has it run.

    container.py ROOM

Registries of images are not needed: both bases are made here. RUNTIME is a debootstrapped Debian, BUILDER the same with gcc,
this machine's Rust and its downloaded crates. Nothing in the Dockerfile knows of that.
"""

import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "chassis/tests/support"))
from running import REPOSITORY, expect, install, wait_for
from service import SERVICE

DOCKERFILE = f"{SERVICE.name}/deploy/docker/{SERVICE.name}/Dockerfile"
USER = 10001
DATA = SERVICE.data
MAX_BYTES = 40_000_000
MEMORY_BYTES = SERVICE.memory_mib * 2**20
# What is built in a third of the time is larger and slower, and otherwise the same program. The builder says so, not the Dockerfile.
QUICKLY = {f"CARGO_PROFILE_RELEASE_{name}": value for name, value in {"LTO": "off", "OPT_LEVEL": "1", "CODEGEN_UNITS": "16"}.items()}
RUST = "/opt/rust"
CRATES = "/opt/cargo"


def output(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout.strip()


class Buildah:
    """Images in a folder of their own, without a daemon."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "buildah.log"
        storage = ["--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", "vfs"]
        self.command = ["buildah", *map(str, storage)]
        # Its caches go to TMPDIR: nothing of an earlier build is found, nothing of this one stays.
        self.environment = {**os.environ, "BUILDAH_ISOLATION": "chroot", "TMPDIR": str(folder)}

    def __call__(self, *arguments):
        """What it printed; the end of the test where it fails."""
        with open(self.log, "ab") as log:
            done = subprocess.run([*self.command, *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True)
        if done.returncode:
            sys.exit(f"FAILED: buildah {' '.join(arguments)}\n{done.stdout[-1000:]}\n{self.log.read_text()[-4000:]}")
        return done.stdout.strip()

    def build(self, tag, arguments):
        """Exit code and log of a build."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        # By default buildah makes images in a format that has no health check.
        command = ["build", "--format=docker", f"--volume={output('rustc', '--print', 'sysroot')}:{RUST}:ro"]
        command += [f"--volume={crates_folder()}:{CRATES}/registry:ro", *given, f"--file={DOCKERFILE}", f"--tag={tag}", "."]
        everything = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done = subprocess.run([*self.command, *command], cwd=REPOSITORY, env=self.environment, **everything)
        return done.returncode, done.stdout


def crates_folder():
    return pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo")) / "registry"


def make_bases(buildah):
    container = buildah("from", "scratch")
    with open(buildah.log, "ab") as log:
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", buildah("mount", container)], check=True, stdout=log)
    buildah("commit", container, "localhost/runtime")
    packages = "apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev ca-certificates"
    buildah("run", container, "--", "sh", "-c", f"export DEBIAN_FRONTEND=noninteractive; {packages}")
    # Crates are not downloaded in there: what this machine needs in order to reach a registry is not there.
    path = f"{RUST}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    variables = {"PATH": path, "CARGO_HOME": CRATES, "CARGO_NET_OFFLINE": "true", **QUICKLY}
    buildah("config", *(f"--env={name}={value}" for name, value in variables.items()), container)
    buildah("commit", "--rm", container, "localhost/builder")
    subprocess.run(["cargo", "fetch", "--locked", "--quiet"], cwd=REPOSITORY, check=True)
    print("ok  bases are made", flush=True)


def build_arguments():
    git = ["git", "-C", str(REPOSITORY)]
    packages = json.loads(output("cargo", "metadata", "--no-deps", "--format-version=1", cwd=REPOSITORY))["packages"]
    return {
        "BUILDER": "localhost/builder",
        "RUNTIME": "localhost/runtime",
        "VERSION": next(package["version"] for package in packages if package["name"] == SERVICE.package),
        "REVISION": output(*git, "rev-parse", "HEAD"),
        "BUILD_DATE": output(*git, "log", "-1", "--format=%cI"),
    }


def refused_builds(buildah, arguments):
    def refused(what, changed, expected):
        status, log = buildah.build("localhost/refused", {**arguments, **changed})
        expect(what, (status != 0, expected in log), (True, True))

    refused("an image without a revision is not built", {"REVISION": ""}, "REVISION: is missing")
    refused("an image cannot claim another version", {"VERSION": "9.9.9"}, "VERSION is 9.9.9, but the source is")


def tree(root):
    """Every path below `root`: owner, permissions and size."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            about = os.lstat(path)
            size = about.st_size if stat.S_ISREG(about.st_mode) else None
            found[os.path.relpath(path, root)] = (about.st_uid, about.st_gid, oct(about.st_mode), size)
    return found


def content(base, image):
    """What the image adds to its base."""
    changed = sorted(set(base.items()) ^ set(image.items()))
    owned = {path: f"{uid}:{gid}" for path, (uid, gid, _, _) in changed}
    expect(
        "the image adds the program, its licence, certificates of authorities and two folders, and changes nothing else",
        owned,
        {
            "etc/ssl": "0:0",
            "etc/ssl/certs": "0:0",
            "etc/ssl/certs/ca-certificates.crt": "0:0",
            f"usr/local/bin/{SERVICE.name}": "0:0",
            f"usr/share/doc/{SERVICE.name}": "0:0",
            f"usr/share/doc/{SERVICE.name}/LICENSE": "0:0",
            SERVICE.backups.lstrip("/"): f"{USER}:{USER}",
            SERVICE.data.lstrip("/"): f"{USER}:{USER}",
        },
    )
    size = sum(about[3] or 0 for path, about in image.items() if path in owned)
    expect(f"that is {size / 1e6:.1f} MB, less than {MAX_BYTES / 1e6:.0f} MB", size < MAX_BYTES, True)


def described(config, arguments):
    """The image says how it wants to be run, and what it is."""
    health = ["CMD", SERVICE.name, "health", "--url", f"{SERVICE.url}/livez"]
    wanted = {
        "User": f"{USER}:{USER}",
        "WorkingDir": DATA,
        "Volumes": {DATA: {}},
        "ExposedPorts": {f"{SERVICE.http_port}/tcp": {}},
        "StopSignal": "SIGTERM",
        "Entrypoint": [SERVICE.name],
        "Cmd": ["--config", f"{SERVICE.settings}/config.yaml"],
    }
    expect("user, folder, port and signal", {name: config[name] for name in wanted}, wanted)
    expect("the health check is the program itself", config["Healthcheck"]["Test"], health)
    labels = {name.rpartition("image.")[2]: text for name, text in config["Labels"].items() if "opencontainers" in name}
    title = {"title": SERVICE.title, "licenses": "Apache-2.0", "base.name": arguments["RUNTIME"]}
    source = {"version": arguments["VERSION"], "revision": arguments["REVISION"], "created": arguments["BUILD_DATE"]}
    expect("labels", {**labels, "description": ""}, {**title, **source, "description": ""})


class Container:
    """A command in the image, confined as deploy/compose confines it: read-only root, no capabilities, its share of memory and
    processor, a network of its own."""

    def __init__(self, folder, name, root, command, mounts):
        self.name = name
        self.bundle = folder / name
        self.bundle.mkdir()
        self.runc = ["runc", "--root", str(folder / "runc")]
        subprocess.run([*self.runc, "spec", "--bundle", self.bundle], check=True)
        file = self.bundle / "config.json"
        spec = json.loads(file.read_text())
        process = {"terminal": False, "user": {"uid": USER, "gid": USER}, "args": command, "cwd": DATA, "noNewPrivileges": True}
        spec["process"] |= process | {"capabilities": {}, "env": ["PATH=/usr/local/bin:/usr/bin:/bin"]}
        spec["root"] = {"path": root, "readonly": True}
        temporary = {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec", "mode=1777"]}
        spec["mounts"] += [temporary, *(bind(inside, *outside) for inside, outside in mounts.items())]
        spec["linux"]["resources"] |= {"memory": {"limit": MEMORY_BYTES}, "cpu": {"quota": 50_000, "period": 100_000}}
        file.write_text(json.dumps(spec))

    def start(self):
        self.log_path = self.bundle / "log"
        with open(self.log_path, "wb") as log:
            command = [*self.runc, "run", "--bundle", self.bundle, self.name]
            return subprocess.Popen(command, stdout=log, stderr=log)

    def run(self):
        """Exit code, standard output and standard error."""
        command = [*self.runc, "run", "--bundle", self.bundle, self.name]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
        return done.returncode, done.stdout, done.stderr

    def also(self, *command):
        """Exit code of another command in the running container."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.run([*self.runc, "exec", self.name, *command], **quiet).returncode

    def signal(self, name):
        subprocess.run([*self.runc, "kill", self.name, name], check=True)

    def remove(self):
        subprocess.run([*self.runc, "delete", "--force", self.name])


def bind(inside, outside, access):
    return {"destination": inside, "type": "bind", "source": str(outside), "options": ["rbind", access]}


def commands(folder, root, arguments, mounts):
    def run(name, *command, more=None):
        return Container(folder, name, root, list(command), {**mounts, **(more or {})}).run()

    status, said, _ = run("version", SERVICE.name, "--version")
    day = output("date", "--utc", f"--date={arguments['BUILD_DATE']}", "+%Y-%m-%d")
    expected = f"{SERVICE.name} {arguments['VERSION']} (commit {arguments['REVISION'][:12]}, built {day})\n"
    expect("--version says version, commit and day", (status, said), (0, expected))

    # -writable asks the system, which knows of read-only mounts, too. Not looked into: the kernel's file systems, and root's own
    # folders, for which find says that it failed.
    _, found, _ = run("writable", "find", "/", "-xdev", "-writable", "!", "-type", "l")
    expect("only /tmp and the data can be written to", found, f"/tmp\n{DATA}\n")

    once = run("once", SERVICE.name, "--config", f"{SERVICE.settings}/config.yaml", "--once")
    expect("--once decides on the examples as it does outside", once[:2], (0, (SERVICE.room / "tests/first_run.txt").read_text()))

    # Port 1: nobody answers there. Without certificates the program does not get as far as asking.
    ask = [SERVICE.name, "health", "--url", "https://127.0.0.1:1/"]
    status, _, said = run("certificates", *ask)
    expect("certificates of authorities are found", (status, "refused" in said), (1, True))
    without = {"/etc/ssl/certs/ca-certificates.crt": ("/dev/null", "ro")}
    status, _, said = run("no-certificates", *ask, more=without)
    expect("and it is these that are used", (status, "refused" in said), (1, False))


def service(folder, root, config, mounts):
    health = config["Healthcheck"]["Test"][1:]
    nobody = Container(folder, "nobody", root, health, mounts)
    expect("the health check fails where no service answers", nobody.run()[0], 1)

    container = Container(folder, "service", root, config["Entrypoint"] + config["Cmd"], mounts)
    process = container.start()
    try:
        wait_for("the first evaluation", lambda: started(container, process, health))
        expect("the health check holds beside the service", container.also(*health), 0)
        container.signal(config["StopSignal"])
        expect("the stop signal ends it in peace", process.wait(timeout=30), 0)
    finally:
        container.remove()


def started(container, process, health):
    if process.poll() is not None:
        sys.exit(f"FAILED: the service ended\n{container.log_path.read_text()[-2000:]}")
    return container.also(*health[:-1], health[-1].replace("livez", "startupz")) == 0


def main():
    install({program: program for program in ("buildah", "debootstrap", "runc", "git")})
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        buildah = Buildah(folder)
        make_bases(buildah)
        arguments = build_arguments()
        refused_builds(buildah, arguments)
        status, log = buildah.build(f"localhost/{SERVICE.name}", arguments)
        if status:
            sys.exit(f"FAILED: the build\n{log[-4000:]}")
        print("ok  the image is built", flush=True)

        base, image = (buildah("mount", buildah("from", f"localhost/{tag}")) for tag in ("runtime", SERVICE.name))
        content(tree(base), tree(image))
        config = json.loads(buildah("inspect", "--type=image", f"localhost/{SERVICE.name}"))["Docker"]["config"]
        described(config, arguments)

        data = folder / "data"
        data.mkdir(mode=0o750)
        os.chown(data, USER, USER)
        mounts = {
            DATA: (data, "rw"),
            f"{DATA}/examples": (REPOSITORY / "examples", "ro"),
            f"{SERVICE.settings}/config.yaml": (REPOSITORY / SERVICE.configuration, "ro"),
        }
        commands(folder, image, arguments, mounts)
        service(folder, image, config, mounts)


main()

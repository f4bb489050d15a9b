"""The service that a test is about: what it is called, and where its things are.

A test's first argument is the room of a service, a folder with a service.toml; `SERVICE` is what stands in there. It is read
where this module is imported, so that constants can be made of it. `cargo xtask` reads the same file.
"""

import dataclasses
import os
import pathlib
import sys
import tomllib


@dataclasses.dataclass(frozen=True)
class Service:
    """The keys of service.toml, which says what they mean, and what follows from them."""

    room: pathlib.Path
    name: str
    title: str
    package: str
    http_port: int
    metrics_prefix: str
    metrics_job: str
    configuration: str
    configuration_section: str
    variables: str
    account: str
    root: str
    settings: str
    data: str
    store: str
    backups: str
    logs: str
    memory_mib: int
    protected_address: str
    round: str
    round_at_metric: str
    round_interval_metric: str
    command_examples: list
    ships: list
    openapi: str
    alerts: str
    alerts_resource: str
    host_script: str

    @classmethod
    def read(cls, room):
        """Of that room; every key must be there, and no other."""
        room = pathlib.Path(room).resolve()
        file = room / "service.toml"
        if not file.is_file():
            sys.exit(f"FAILED: {room} is not the room of a service: there is no {file}")
        keys = tomllib.loads(file.read_text(encoding="utf-8"))
        wrong = keys.keys() ^ {field.name for field in dataclasses.fields(cls) if field.name != "room"}
        if wrong:
            sys.exit(f"FAILED: {file}: missing or unknown: {', '.join(sorted(wrong))}")
        return cls(room=room, **keys)

    @property
    def unit(self):
        return f"{self.name}.service"

    @property
    def backup_unit(self):
        return f"{self.name}-backup.service"

    @property
    def backup_timer(self):
        return f"{self.name}-backup.timer"

    @property
    def releases(self):
        return f"{self.root}/releases"

    @property
    def current(self):
        return f"{self.root}/current"

    @property
    def program(self):
        """As installed."""
        return f"{self.current}/{self.name}"

    @property
    def store_path(self):
        return f"{self.data}/{self.store}"

    @property
    def lock(self):
        """Of the scripts, against each other."""
        return f"/run/{self.name}-deploy.lock"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def host_name(self):
        """Under which the examples of the proxies show its page."""
        return f"{self.account}.example.com"

    def variable(self, name):
        """A variable of its configuration."""
        return self.variables + name

    def configuration_for(self, suite, **values):
        """The configuration with which a suite tries this service; a value stands in the place of each `@name@`."""
        text = (self.room / f"tests/suites/{suite}.yaml").read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        return text


def _room():
    if len(sys.argv) < 2 or not os.path.isdir(sys.argv[1]):
        sys.exit(f"usage: {sys.argv[0]} ROOM …, the first argument is the folder of a service")
    return sys.argv[1]


SERVICE = Service.read(_room())

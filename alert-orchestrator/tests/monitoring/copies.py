"""The committed configurations of Prometheus and Alertmanager, with nothing changed but waits, addresses and secrets.

A minute becomes a second, and nothing is shorter than one. Every change is found again by comparing the copy with the original.
"""

import pathlib
import re
import sys

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
# What all tests share, and those of this room; whoever imports this module first can import from there, too.
sys.path.insert(0, str(REPOSITORY / "chassis/tests/support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

WAITS = {
    *("scrape_interval", "scrape_timeout", "evaluation_interval"),
    *("for", "keep_firing_for"),
    *("group_wait", "group_interval", "repeat_interval"),
}
ADDRESSES = {"targets", "smtp_smarthost", "slack_api_url_file", "smtp_auth_password_file"}
SECONDS = {"s": 1, "m": 60, "h": 3600}


def sooner(duration):
    number, unit = re.fullmatch(r"(\d+)([smh])", duration).groups()
    return f"{max(1, int(number) * SECONDS[unit] // 60)}s" if int(number) else duration


def changed(tree, addresses, key=None):
    """The same tree with shorter waits, and each address replaced by those that `addresses` has for it."""
    if isinstance(tree, dict):
        return {name: changed(value, addresses, name) for name, value in tree.items()}
    if isinstance(tree, list) and key == "targets":
        return [address for target in tree for address in addresses[target]]
    if isinstance(tree, list):
        return [changed(value, addresses) for value in tree]
    if key in WAITS:
        return sooner(tree)
    return addresses[tree][0] if key in ADDRESSES else tree


def leaves(tree, path=()):
    """Every value with the keys that lead to it. A list of targets is one value: a copy may have another number of them."""
    if isinstance(tree, dict):
        return [leaf for key, value in tree.items() for leaf in leaves(value, (*path, key))]
    if isinstance(tree, list) and path[-1] != "targets":
        return [leaf for place, value in enumerate(tree) for leaf in leaves(value, (*path, place))]
    return [(path, tree)]


def copy(original, target, addresses):
    """Writes the changed copy of a YAML file, and returns the names of the keys that have another value in it."""
    before = yaml.safe_load(original.read_text(encoding="utf-8"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(changed(before, addresses), sort_keys=False), encoding="utf-8")
    old, new = leaves(before), leaves(yaml.safe_load(target.read_text(encoding="utf-8")))
    if [path for path, _ in old] != [path for path, _ in new]:
        sys.exit(f"FAILED: the copy of {original.name} has other keys")
    return {path[-1] for (path, value), (_, other) in zip(old, new) if value != other}

#!/usr/bin/env bash
# What version 0.1.0 wrote and said, for the tests of what comes after it: its store, backups, outputs and normal form of
# the configuration, made from the data and settings beside this script. Never made again: what a program has written stays
# as it is. As root, for a host name of its own (it is in the journal), with the program of the commit in COMMIT:
#
#     git worktree add ../released "$(cat COMMIT)" && (cd ../released && cargo build)
#     unshare --uts ./make.sh ../released/target/debug/alert-orchestrator
set -eu -o pipefail
program=$(realpath "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=/var/tmp/released # the store and the backups name it
commit=$(cat "$here/COMMIT")
"$program" --version | grep -F "0.1.0 (commit ${commit:0:12}," >&2
hostname released.example

rm -rf "$work"
install -d "$work"
cp -r "$here"/{config.yaml,token_registry.csv,secrets.env,credentials,data} "$work"
cd "$work"
released() { "$program" --config config.yaml --log-level ERROR "$@"; }
# Of the last withdrawal only the store knows that it is the reference; one decision of the journal is from before.
released import data/*.csv >&2 || test $? -eq 1 # one line has no wallet
released --once >&2
released tag --asset djed --latest <<<y >&2
released --once >"$here/once.txt"
released --once --json >"$here/once.json"
released explain djed --json >"$here/explain.json"
released --print-config-normalized >"$here/normalized.json"
released backup --output "$here/backup.tar.gz" >&2
released backup --with-secrets --output "$here/backup-with-secrets.tar.gz" >&2
test "$(ls var)" = orchestrator.db # closed: no log beside it
cp var/orchestrator.db "$here/store.db"
rm -rf "$work"

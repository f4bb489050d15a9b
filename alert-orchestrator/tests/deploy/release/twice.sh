#!/usr/bin/env bash
# Are two builds of one commit the same, byte for byte? Two clones in different folders, two whole release builds (about ten
# minutes on two cores), one comparison. Run it before a release; the everyday check, archive.py, packs one build twice.
#
#     alert-orchestrator/tests/deploy/release/twice.sh [SERVICE]
set -eu -o pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for clone in "$work/one" "$work/in another place/two"; do
    git clone --quiet "$project" "$clone"
    (cd "$project" && cargo xtask dist "$@" --source "$clone")
done
cd "$work"
for file in one/target/dist/*; do
    [ -f "$file" ] || continue # the folder it was built in
    cmp "$file" "in another place/two/target/dist/$(basename "$file")"
    printf 'ok  %s is the same from both folders\n' "$(basename "$file")"
done

# What the checks of .ci/run and of the services' `ci` files have in common. Sourced, never run; needs the project's root as
# working directory.
# shellcheck shell=bash disable=SC2034 # each file uses some of it

readonly ci=target/ci
readonly tools=$PWD/$ci/tools
readonly python=$tools/python/bin
readonly node_version=20.20.2
mkdir -p "$tools"

export CARGO_TERM_COLOR=never RUST_BACKTRACE=1
# A fresh clone is built once: what incremental builds write would never be read.
[ -n "${CI:-}" ] && export CARGO_INCREMENTAL=0

# A line for each test and check that passed or failed; all lanes write it.
readonly results=$PWD/$ci/results
# Only these checks are run, where any are named, as CHECK or ROOM/CHECK; with `listing`, none is and each says its name.
wanted=() listing=false
# The room whose checks are run; empty for those of the workspace.
room=

# count WORD TIMES: notes that so many passed or failed.
count() { yes "$1" | head -n "$2" >>"$results"; }

# is_wanted NAME: by the command line of .ci/run.
is_wanted() {
    local name
    [ ${#wanted[@]} -eq 0 ] && return
    for name in "${wanted[@]}"; do [ "$name" = "$1" ] || [ "$name" = "$room/$1" ] && return; done
    return 1
}

# check NAME COMMAND...: runs the command, says how it went and how long it took.
check() {
    local name=$1 log seconds=$SECONDS
    shift
    if $listing; then
        printf '  %s\n' "$name"
        return
    fi
    is_wanted "$name" || return 0
    # Two services have checks of the same name.
    log=$ci/${room:+$room-}${name//[^a-zA-Z0-9]/-}.log
    if "$@" >"$log" 2>&1; then
        count passed 1
        printf 'ok      %-24s %4d s\n' "$name" $((SECONDS - seconds))
    else
        count failed 1
        printf 'FAILED  %-24s %4d s  end of %s:\n' "$name" $((SECONDS - seconds)) "$log"
        tail -n 40 "$log" | sed 's/^/    | /'
    fi
}

# results_of LOG: how many tests passed and failed, as `cargo test` has said there.
results_of() { awk '/^test result: / { ok += $4; bad += $6 } END { print ok + 0, bad + 0 }' "$1"; }

# tests: the command of the README. It counts by its tests, and once more if it failed without naming one (it did not build).
tests() {
    local log=$ci/tests.log seconds=$SECONDS status ok bad
    timeout --kill-after=30s 40m cargo test --workspace >"$log" 2>&1
    status=$?
    read -r ok bad < <(results_of "$log")
    if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
        bad=1
    fi
    count passed "$ok"
    count failed "$bad"
    printf '%-7s %-24s %4d s  %d passed, %d failed\n' \
        "$([ "$bad" -eq 0 ] && echo ok || echo FAILED)" 'cargo test --workspace' $((SECONDS - seconds)) "$ok" "$bad"
    if [ "$bad" -ne 0 ]; then
        printf 'exit code %d; end of %s:\n' "$status" "$log"
        grep -E '^(test .* FAILED|error(\[|:))' "$log" | head -n 20 | sed 's/^/    | /'
        tail -n 40 "$log" | sed 's/^/    | /'
    fi
}

# debian PACKAGE...: installs packages of the system; one lane at a time, and one test (chassis/tests/support/running.py).
debian() {
    # The list of packages is read once a run.
    (
        flock 9
        [ -e "$ci/apt-updated" ] || { apt-get update -qq && touch "$ci/apt-updated"; } || exit
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
    ) 9>target/apt.lock
}

# crate NAME VERSION: installs a cargo subcommand into $tools, unoptimized: it runs for seconds and builds for minutes.
crate() {
    [ "$("$tools/bin/$1" --version 2>/dev/null | awk '{ print $NF }')" = "$2" ] && return
    CARGO_TARGET_DIR=$tools/build CARGO_PROFILE_DEV_DEBUG=false \
        cargo install "$1" --version "$2" --locked --no-default-features --debug --root "$tools" --force
}

# pip ARGUMENT...: installs into a virtual environment of our own; one lane at a time, the first of which makes it.
pip() {
    (
        flock 9
        if [ ! -x "$python/pip" ]; then
            python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3 python3-venv || exit
            rm -rf "$tools/python"
            python3 -m venv "$tools/python" || exit
        fi
        "$python/pip" install --quiet --disable-pip-version-check "$@"
    ) 9>"$tools/pip.lock"
}

# node_packages FOLDER: makes sure of a Node.js that can run what is in the folder, and installs its packages.
node_packages() {
    if ! command -v npm >/dev/null; then
        debian nodejs npm || return
    fi
    # Debian's is too old for the test runner; the registry has others.
    if ! command -v node >/dev/null || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
        npm install --silent --no-fund --no-audit --prefix "$tools/node" "node@$node_version" || return
        PATH=$tools/node/node_modules/node/bin:$PATH
    fi
    command -v chromium >/dev/null || debian chromium || return
    npm --prefix "$1" ci --no-fund --no-audit
}

# answers_again COMMITTED FRESH: whether the reference implementations beside golden files still give them, byte for byte.
answers_again() {
    local committed=$1 fresh=$2 reference
    pip -r "$committed/requirements.txt" || return
    rm -rf "$fresh" && mkdir -p "$fresh" && cp "$committed"/*.py "$committed"/requirements.txt "$fresh" || return
    for reference in "$fresh"/*.py; do
        "$python/python" "$reference" || return
    done
    diff -rq -x __pycache__ "$committed" "$fresh"
}

# conclude: what all lanes have counted, in the last line; fails where anything failed.
conclude() {
    local passed failed
    passed=$(grep -c '^passed$' "$results")
    failed=$(grep -c '^failed$' "$results")
    printf 'took %d min %d s\n' $((SECONDS / 60)) $((SECONDS % 60))
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

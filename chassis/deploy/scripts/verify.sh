#!/usr/bin/env bash
# Does a running service do what it should? Asks it five things, one line each; the exit code is the number that failed.
# Only reads: safe at any time. Ask the service itself, on its host: through the proxy /metrics is refused, as it should be.
set -eu -o pipefail
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"

usage() {
    cat <<TEXT
Usage: verify.sh [--user NAME | --no-login] [--metrics PATH] [--help] URL

  health   /livez answers 200: the $round loop lives
  login    the configuration is refused without a login
  metrics  the newest $round is at most two intervals old, and no reload was refused
  store    /readyz answers 200: the store answers
  limits   a request that is too large is refused (413); how many may come is the proxy's limit, and not asked

  URL             where the service listens, as in http://127.0.0.1:9808
  --user NAME     log in, too, and expect to be let in; the password is one line of standard input, asked for at a terminal
  --no-login      the configuration has no login ($section.auth.enabled: false), so expect none
  --metrics PATH  $section.telemetry.path, where it is not /metrics

Exit code: how many failed; 64 where it was called wrongly.
TEXT
}

misused() {
    printf 'verify.sh: %s; see --help\n' "$1" >&2
    exit 64
}

# ask PATH ARGUMENT...: the status of the answer, 000 without one; its body is in $answer.
ask() {
    local path=$1
    shift
    curl --silent --show-error --max-time 15 --output "$answer" --write-out '%{http_code}' "$@" "$url$path" 2>"$answer.error" || true
}

# report NAME FOUND EXPECTED TEXT
report() {
    if [ "$2" = "$3" ]; then
        printf 'ok      %-8s %s\n' "$1" "$4"
    else
        failed=$((failed + 1))
        printf 'FAILED  %-8s found %s, expected %s: %s %s\n' "$1" "$2" "$3" "$4" \
            "$(cat "$answer.error" "$answer" | tr -s '\n' ' ' | head -c 300)"
    fi
    : >"$answer"
}

# read_password: of $user, from standard input.
read_password() {
    ! [ -t 0 ] || printf 'Password of %s: ' "$user" >&2
    IFS= read -rs password || [ -n "$password" ] || misused '--user: there is no password on standard input'
}

# let_in: the status with the login of $user, through a pipe: a command line can be read by everybody.
let_in() {
    local quoted=$user:$password
    quoted=${quoted//\\/\\\\}
    ask "$protected" --config <(printf 'user = "%s"\n' "${quoted//\"/\\\"}")
}

login() {
    local found expected=$login text="$protected without a login"
    found=$(ask "$protected")
    if [ -n "$user" ]; then
        found="$found, then $(let_in)"
        expected="$expected, then 200"
        text="$text, then with that of $user"
    fi
    report login "$found" "$expected" "$text"
}

# metric NAME: its value, whatever the prefix; nothing where it is missing.
metric() {
    awk -v name="$1" '{ key = $1; sub(/\{\}$/, "", key) } key ~ name "$" { print $2; exit }' "$answer"
}

metrics() {
    local status found
    status=$(ask "$metrics_path")
    found=$status
    if [ "$status" = 200 ]; then
        found=$(awk -v now="$(date +%s)" -v at="$(metric "$round_at_metric")" \
            -v interval="$(metric "$round_interval_metric")" -v round="$round" \
            -v reload="$(metric config_last_reload_successful)" 'BEGIN {
                if (at == "" || interval == "" || reload == "") print "incomplete metrics"
                else if (reload != 1) print "a configuration that was refused"
                else if (now - at > 2 * interval) printf "the newest %s %d s ago with an interval of %d s\n", round, now - at, interval
                else print "fresh" }')
        : >"$answer"
    fi
    report metrics "$found" fresh "$metrics_path, the newest $round and the last reload"
}

login=401 user='' password='' url='' metrics_path=/metrics

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --help | -h) usage && exit ;;
            --no-login) login=200 ;;
            --user | --metrics) [ $# -ge 2 ] || misused "$1 needs a value" ;;&
            --user) user=$2 && shift ;;
            --metrics) metrics_path=$2 && shift ;;
            -*) misused "unknown option $1" ;;
            *)
                [ -z "$url" ] || misused 'one URL, please'
                url=${1%/}
                ;;
        esac
        shift
    done
    [ -n "$url" ] || misused 'URL is missing'
    [ -z "$user" ] || [ "$login" = 401 ] || misused '--user and --no-login exclude each other'
}

main() {
    local answer failed=0
    parse "$@"
    command -v curl >/dev/null || misused 'curl is not installed'
    [ -z "$user" ] || read_password
    answer=$(mktemp)
    # Expanded now: at the end the variable is gone.
    # shellcheck disable=SC2064
    trap "rm -f '$answer' '$answer.error'" EXIT
    report health "$(ask /livez)" 200 '/livez'
    login
    metrics
    report store "$(ask /readyz)" 200 '/readyz'
    # Refused for its size before anything looks at it; a GET's address, so that nothing could be written either way.
    report limits "$(head -c 131072 /dev/zero | ask /livez --request POST --data-binary @-)" 413 'the size of a request: a body of 128 KiB'
    exit "$failed"
}

main "$@"

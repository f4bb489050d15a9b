#!/usr/bin/env bash
# Does a running service do what it should? Asks it five things, one line each; the exit code is the number that failed.
# Only reads: safe at any time. Ask the service itself, on its host: through the proxy /metrics is refused, as it should be.
set -eu -o pipefail

usage() {
    cat <<'TEXT'
Usage: verify.sh [--no-login] [--metrics PATH] [--help] URL

  health   /livez answers 200: the evaluation loop lives
  login    the configuration is refused without a login
  metrics  the newest evaluation is at most two intervals old, and no reload was refused
  store    /readyz answers 200: the store answers
  limits   a request that is too large is refused

  URL             where the service listens, as in http://127.0.0.1:9808
  --no-login      the configuration has no login (orchestrator.auth.enabled: false), so expect none
  --metrics PATH  orchestrator.telemetry.path, where it is not /metrics

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

# metric NAME: its value, whatever the prefix; nothing where it is missing.
metric() {
    awk -v name="$1" '{ key = $1; sub(/\{\}$/, "", key) } key ~ name "$" { print $2; exit }' "$answer"
}

metrics() {
    local status found
    status=$(ask "$metrics_path")
    found=$status
    if [ "$status" = 200 ]; then
        found=$(awk -v now="$(date +%s)" -v at="$(metric last_eval_timestamp_seconds)" \
            -v interval="$(metric evaluation_interval_seconds)" -v reload="$(metric config_last_reload_successful)" 'BEGIN {
                if (at == "" || interval == "" || reload == "") print "incomplete metrics"
                else if (reload != 1) print "a configuration that was refused"
                else if (now - at > 2 * interval) printf "the newest evaluation %d s ago with an interval of %d s\n", now - at, interval
                else print "fresh" }')
        : >"$answer"
    fi
    report metrics "$found" fresh "$metrics_path, the newest evaluation and the last reload"
}

main() {
    local login=401 url='' failed=0 metrics_path=/metrics
    while [ $# -gt 0 ]; do
        case $1 in
            --help | -h) usage && exit ;;
            --no-login) login=200 ;;
            --metrics)
                [ $# -ge 2 ] || misused '--metrics needs a path'
                metrics_path=$2 && shift
                ;;
            -*) misused "unknown option $1" ;;
            *)
                [ -z "$url" ] || misused 'one URL, please'
                url=${1%/}
                ;;
        esac
        shift
    done
    [ -n "$url" ] || misused 'URL is missing'
    command -v curl >/dev/null || misused 'curl is not installed'
    local answer
    answer=$(mktemp)
    # Expanded now: at the end the variable is gone.
    # shellcheck disable=SC2064
    trap "rm -f '$answer' '$answer.error'" EXIT
    report health "$(ask /livez)" 200 '/livez'
    report login "$(ask /api/config/normalized)" "$login" '/api/config/normalized without a login'
    metrics
    report store "$(ask /readyz)" 200 '/readyz'
    # Refused for its size before anything looks at it; a GET's address, so that nothing could be written either way.
    report limits "$(head -c 131072 /dev/zero | ask /livez --request POST --data-binary @-)" 413 'a body of 128 KiB'
    exit "$failed"
}

main "$@"

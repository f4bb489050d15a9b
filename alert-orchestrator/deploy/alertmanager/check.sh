#!/bin/sh
# Is an Alertmanager configuration ready to be used? Syntax, addresses that were never filled in, secrets that are missing.
# Alertmanager itself starts without its secrets and fails when the first alert is to be sent.
#
#   check.sh [alertmanager.yml]        needs amtool; run it as the user Alertmanager runs as. Exit 0, or 1 with every fault.
set -eu

file=${1:-$(dirname "$0")/alertmanager.yml}
faults=0

fault() {
    printf 'FAILED: %s\n' "$1" >&2
    faults=$((faults + 1))
}

# Each line of a configuration without its comments, after its number.
settings() {
    grep -nvE '^[[:space:]]*(#|$)' "$1" | sed 's/[[:space:]]#.*//'
}

# A secret's file; nothing of what is in it is printed.
secret() {
    key=$1 path=$2
    if [ ! -e "$path" ]; then
        fault "$key: $path: no such file"
    elif [ ! -r "$path" ]; then
        fault "$key: $path: $(id -un) may not read it"
    elif [ ! -s "$path" ]; then
        fault "$key: $path: empty"
    elif [ "$key" = slack_api_url_file ] && ! grep -q '^https://' "$path"; then
        fault "$key: $path: does not begin with https://"
    elif [ "$key" = smtp_auth_password_file ] && [ "$(tail -c 1 "$path" | wc -l)" -ne 0 ]; then
        fault "$key: $path: ends with a line break, which Alertmanager 0.25 sends as part of the password"
    fi
}

[ -r "$file" ] || { printf 'FAILED: %s: no such file\n' "$file" >&2 && exit 1; }

found=$(amtool check-config "$file" 2>&1) || fault "$found"

placeholders=$(settings "$file" | grep -E 'example\.(com|net|org)' || true)
[ -z "$placeholders" ] || fault "$file: addresses that are not filled in:
$placeholders"

# The files of secrets, as `key path`.
secrets=$(settings "$file" | sed -nE "s/^[0-9]+:[[:space:]-]*([a-z_]+_file):[[:space:]]*[\"']?([^\"']+)[\"']?[[:space:]]*\$/\\1 \\2/p")
while read -r key path; do
    [ -z "$key" ] || secret "$key" "$path"
done <<EOF
$secrets
EOF

[ "$faults" -eq 0 ] || exit 1
printf 'ok  %s can be used\n' "$file"

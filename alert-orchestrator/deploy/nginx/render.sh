#!/usr/bin/env bash
# Puts values into the templates, as the official image does by itself in a container:
#
#     render.sh VALUES FOLDER      render.sh /etc/nginx/host.env /etc/nginx/conf.d
#
# VALUES has lines NAME=value (see host.env). Nothing is written where a value is missing; the message names it.
set -eu -o pipefail

[ $# -eq 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
values=$1 folder=$2
templates=$(dirname "$(realpath "$0")")/templates

declare -A value
while IFS='=' read -r name text || [ -n "$name" ]; do
    case $name in '' | '#'*) continue ;; esac
    [ -n "$text" ] && value[$name]=$text
done <"$values"

# render TEMPLATE: the text with every ${NAME} replaced. nginx's own variables are lower case.
render() {
    local text name
    text=$(<"$1")
    while [[ $text =~ \$\{([A-Z_]+)\} ]]; do
        name=${BASH_REMATCH[1]}
        [ -n "${value[$name]:-}" ] || { echo "$values has no value for $name, which $1 needs" >&2; return 1; }
        text=${text//"\${$name}"/"${value[$name]}"}
    done
    printf '%s\n' "$text"
}

mapfile -t files < <(cd "$templates" && find . -name '*.template' -printf '%P\n' | sort)
for file in "${files[@]}"; do
    render "$templates/$file" >/dev/null
done
for file in "${files[@]}"; do
    mkdir -p "$(dirname "$folder/$file")"
    render "$templates/$file" >"$folder/${file%.template}"
done

#!/usr/bin/env bash
# Runs a command of the program as the service would: its user, folder, configuration, variables and secrets.
set -eu -o pipefail
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"

usage() {
    cat <<TEXT
Usage: run.sh COMMAND [ARGUMENT...]

Runs $current/$service with a command and the configuration of this host, as root; it then is the user
$account in $data. Its exit code is the command's.

$(printf '  run.sh %s\n' check "${command_examples[@]}" 'backup --with-secrets')

To restore a backup there is restore.sh.
TEXT
}

main() {
    case ${1-} in
        '') misused 'COMMAND is missing' ;;
        --help | -h) usage && exit ;;
    esac
    need_root
    need_commands systemd-run
    local terminal=--pipe also=()
    # Some commands ask.
    [ ! -t 0 ] || [ ! -t 1 ] || terminal=--pty
    # secrets.env and credentials are root's alone: a backup that is to hold them may read what root can. It writes no more than the service does.
    case "$1 $* " in 'backup '*' --with-secrets '*) also=(AmbientCapabilities=CAP_DAC_READ_SEARCH) ;; esac
    as_service "$terminal" "${also[@]}" -- "$current/$service" --config "$settings/config.yaml" "$@"
}

main "$@"

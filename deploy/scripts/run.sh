#!/usr/bin/env bash
# Runs a command of the program as the service would: its user, folder, configuration, variables and secrets.
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$(dirname "${BASH_SOURCE[0]}")/host.sh"

usage() {
    cat <<TEXT
Usage: run.sh COMMAND [ARGUMENT...]

Runs $current/$service with a command and the configuration of this host, as root; it then is the user
$account in $data. Its exit code is the command's.

  run.sh check
  run.sh explain usdc
  run.sh tag --asset usdc --latest
TEXT
}

main() {
    case ${1-} in
        '') misused 'COMMAND is missing' ;;
        --help | -h) usage && exit ;;
    esac
    need_root
    need_commands systemd-run
    local terminal=--pipe
    # Some commands ask.
    [ ! -t 0 ] || [ ! -t 1 ] || terminal=--pty
    as_service "$terminal" "$current/$service" --config "$settings/config.yaml" "$@"
}

main "$@"

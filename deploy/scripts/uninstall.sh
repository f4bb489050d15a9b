#!/usr/bin/env bash
# Takes the service off this host. Configuration, data and backups stay, unless they are to go, too.
set -eu -o pipefail
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$(dirname "${BASH_SOURCE[0]}")/host.sh"

usage() {
    cat <<TEXT
Usage: uninstall.sh [--purge] [--yes] [--help]

Stops the service and removes its units and releases, as root.
$settings, $data, $backups, $logs and the user $account stay.

  --purge  remove those as well: configuration, secrets, data AND BACKUPS
  --yes    do not ask
TEXT
}

# confirm TEXT: goes on only with a yes; without anybody to ask it does not.
confirm() {
    local answer
    [ -t 0 ] || refuse "nobody is there to confirm; pass --yes to $1"
    read -r -p "Really $1? [yes/no] " answer
    [ "$answer" = yes ] || refuse 'not confirmed'
}

remove_units() {
    local unit
    for unit in "$units/$service".* "$units/$service"-*; do
        # Drop-ins are the operator's: they go with the configuration.
        [ -f "$unit" ] || continue
        systemctl disable --quiet --now "${unit##*/}" || say "systemd could not disable ${unit##*/}"
        rm -f "$unit"
    done
    systemctl daemon-reload
    systemctl reset-failed "$service*" 2>/dev/null || true
}

main() {
    local purge=false yes=false argument text
    for argument; do
        case $argument in
            --help | -h) usage && exit ;;
            --purge) purge=true ;;
            --yes) yes=true ;;
            *) misused "unknown argument $argument" ;;
        esac
    done
    need_root
    text="remove the service and its releases, and keep $settings, $data and $backups"
    ! $purge || text="remove the service with its configuration, secrets, data and backups"
    $yes || confirm "$text"
    remove_units
    rm -rf "$root"
    say "removed the units and $root"
    if $purge; then
        rm -rf "$settings" "$data" "$backups" "$logs" "$units/$service".*.d "$units/$service"-*.d
        ! getent passwd "$account" >/dev/null || userdel "$account"
        ! getent group "$account" >/dev/null || groupdel "$account"
        say "removed $settings, $data, $backups, $logs and the user $account"
    else
        say "kept $settings, $data, $backups, $logs and the user $account"
    fi
}

main "$@"

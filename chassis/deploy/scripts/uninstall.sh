#!/usr/bin/env bash
# Takes the service off this host. Configuration, data and backups stay, unless they are to go, too.
set -eu -o pipefail
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"

usage() {
    cat <<TEXT
Usage: uninstall.sh [--purge] [--yes] [--help]

Stops the service and removes its units and releases, as root.
$settings, $data, $backups, $logs and the user $account stay.

  --purge  remove those as well: configuration, secrets, data AND BACKUPS; of a user, only the one that setup.sh made
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

# Its group goes with it, by itself or, where userdel is set up otherwise, here.
remove_account() {
    if is_our_account; then
        userdel "$account"
        ! getent group "$account" >/dev/null || groupdel "$account"
        say "removed the user $account"
    elif getent passwd "$account" >/dev/null; then
        say "kept the user $account: its home is not $data, or it has a shell, so it is somebody else's"
    fi
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
    need_commands systemctl getent flock userdel groupdel
    text="remove the service and its releases, and keep $settings, $data and $backups"
    ! $purge || text="remove the service with its configuration, secrets, data and backups"
    $yes || confirm "$text"
    take_lock
    remove_units
    rm -rf "$root"
    rm -f "$rotation"
    say "removed the units and $root"
    if $purge; then
        rm -rf "$settings" "$data" "$backups" "$logs" "$units/$service".*.d "$units/$service"-*.d
        say "removed $settings, $data, $backups and $logs"
        remove_account
        rm -f "$lock"
    else
        say "kept $settings, $data, $backups, $logs and the user $account"
    fi
}

main "$@"

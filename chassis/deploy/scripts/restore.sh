#!/usr/bin/env bash
# Puts back what a backup holds. Only root may write both configuration and data, so it is root who restores: fenced in, because
# an archive says where it goes, and in the data folder the service may have left links to anywhere.
set -eu -o pipefail
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"

usage() {
    cat <<TEXT
Usage: restore.sh FILE

Restores a backup of the $title, as root: stops the service and the nightly backup, runs the command restore of the release
that this script belongs to, and starts them again. Where nothing has been deployed yet, there is nothing to start: deploy.sh comes next.

The command may write below $settings and $data, and nowhere else. What it replaces stays beside it.

Exit codes: 0 restored · 1 stopped before the service was touched · 2 called wrongly · 3 not restored, or what was restored is not in
order: the service stays stopped, and the lines above say why · 4 restored, but the service did not start
TEXT
}

# bindable PATH: systemd's properties have a grammar of their own.
bindable() {
    case $1 in *[!0-9A-Za-z./_+=,@-]*) refuse "$1 has characters that systemd would take for something else; give it another name" ;; esac
}

# restore PROGRAM FILE: both are seen where they are, also in a home or in /tmp, of which nothing else is.
restore() {
    sandboxed --pipe \
        "ReadWritePaths=$settings $data" "BindReadOnlyPaths=$1 $2" \
        "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER" ProtectHome=tmpfs PrivateDevices=yes \
        ProtectKernelTunables=yes ProtectKernelModules=yes ProtectControlGroups=yes RestrictNamespaces=yes \
        -- "$1" --config "$settings/config.yaml" restore "$2"
}

stop() {
    local unit found=()
    for unit in "$service-backup.timer" "$service-backup.service" "$service.service"; do
        [ ! -e "$units/$unit" ] || found+=("$unit")
    done
    say "stopping ${found[*]}"
    systemctl stop "${found[@]}"
}

start() {
    if [ ! -e "$current/$service" ]; then
        say 'restored; no release is deployed yet, deploy.sh comes next'
        return
    fi
    say 'restored; starting the service and the timers'
    { systemctl start "$service.service" && start_timers; } || {
        say "they did not start: journalctl --unit $service"
        exit 4
    }
    say "done: ask it with verify.sh, and compare what it decides"
}

main() {
    case ${1-} in
        '') misused 'FILE is missing' ;;
        --help | -h) usage && exit ;;
        -*) misused "unknown option $1" ;;
    esac
    [ $# -eq 1 ] || misused 'one FILE, please'
    need_root
    need_commands systemctl systemd-run flock realpath
    need_systemd
    [ -f "$1" ] || refuse "there is no file $1"
    local file program=${here%/*/*}/$service
    file=$(realpath -- "$1")
    [ -x "$program" ] || refuse "there is no program $program; take the script of a release, as $current/deploy/scripts/restore.sh"
    bindable "$file"
    bindable "$program"
    [ -e "$units/$service.service" ] || refuse "the service is not installed; run setup.sh"
    take_lock
    stop
    restore "$program" "$file" || {
        say "stopped: not restored, or not in order; the service is down. When that is settled:"
        say "  systemctl start $service.service $service-backup.timer"
        exit 3
    }
    start
}

main "$@"

#!/usr/bin/env bash
# Prepares a host for the service: account, folders, configuration to fill in, units. Changes nothing that is already right,
# never overwrites a configuration, and starts nothing. deploy.sh comes next.
set -eu -o pipefail
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"

usage() {
    cat <<TEXT
Usage: setup.sh [--help]

Prepares this host for the $title, as root; run it again whenever you like. It makes sure of

  the user and group $account, without a shell
  $root                755 root
  $settings                750 root:$account
    config.yaml, token_registry.csv      640 root:$account   as shipped, where there is none
    secrets.env                          600 root            a form to fill in, where there is none
    credentials                          700 root            secrets as files
  $data            750 $account
  $backups          750 $account
  $logs            750 root:$account
  the units in $units, the service enabled but not started
  $rotation    for the log of deploy.sh, where logrotate is installed

It refuses a user $account who has another home or a shell: that is somebody else.
TEXT
}

make_account() {
    if getent passwd "$account" >/dev/null; then
        is_our_account || refuse "the user $account is somebody else's: its home is not $data, or it has a shell ($(getent passwd "$account"))"
    fi
    getent group "$account" >/dev/null || groupadd --system "$account"
    getent passwd "$account" >/dev/null ||
        useradd --system --gid "$account" --home-dir "$data" --no-create-home --shell /usr/sbin/nologin "$account"
}

make_folders() {
    install -d -m 755 -o root -g root "$root" "$releases"
    # The service reads its configuration and cannot change it.
    install -d -m 750 -o root -g "$account" "$settings" "$logs"
    install -d -m 700 -o root -g root "$settings/credentials"
    install -d -m 750 -o "$account" -g "$account" "$data" "$backups"
}

# make_file NAME SHIPPED MODE GROUP: the shipped one where there is none, and in any case who may read it.
make_file() {
    local path=$settings/$1
    if [ ! -e "$path" ]; then
        say "writing $path, to be filled in"
        # Nobody else reads it at any time, not even between its creation and its mode.
        install -m "$3" -o root -g "$4" "$2" "$path"
    fi
    chown "root:$4" "$path"
    chmod "$3" "$path"
}

rotate_log() {
    command -v logrotate >/dev/null || return 0
    cmp -s "$here/$service.logrotate" "$rotation" || install -m 644 -o root -g root "$here/$service.logrotate" "$rotation"
}

# They run from the next start of the host on; deploy.sh starts them now.
enable_units() {
    local unit
    systemctl enable --quiet "$service.service"
    for unit in "$units/$service"*.timer; do
        [ ! -e "$unit" ] || systemctl enable --quiet "${unit##*/}"
    done
}

main() {
    case ${1-} in
        --help | -h) usage && exit ;;
        '') ;;
        *) misused "unknown argument $1" ;;
    esac
    need_root
    need_commands systemctl getent groupadd useradd install cmp flock
    need_systemd
    take_lock
    local shipped=${here%/*}
    make_account
    make_folders
    make_file config.yaml "$shipped/config/production.yaml" 640 "$account"
    make_file token_registry.csv "$shipped/config/token_registry.csv" 640 "$account"
    make_file secrets.env "$shipped/systemd/secrets.env" 600 root
    install_units "$shipped/systemd"
    enable_units
    rotate_log
    say "this host is ready; fill in $settings/config.yaml and $settings/secrets.env, then run deploy.sh"
}

main "$@"

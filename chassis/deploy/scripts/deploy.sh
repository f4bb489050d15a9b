#!/usr/bin/env bash
# Puts a release into operation, and the one before it back where the new one does not come up healthy.
#
# Start at main. A release is a folder of $releases (host.sh); the symbolic link `current` says which one runs and
# is only ever renamed over, so that there is one at any instant. A release that came up healthy is marked by a file .verified
# in it: what is gone back to is the newest of those.
set -eu -o pipefail
# Once and for all: the documented way to this script leads through `current`, which it moves.
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"

readonly incoming=$releases/.incoming
readonly spare_bytes=$((256 * 1024 * 1024))

usage() {
    cat <<TEXT
Usage: deploy.sh [--archive FILE|URL | --skip-build] [--skip-tests] [--wait SECONDS] [--dry-run]
       deploy.sh --rollback [--wait SECONDS] [--dry-run]

Puts a release of the $title into operation on this host, as root: checks the host, builds the release from the source
beside this script or takes an archive, backs up, switches, waits until the service is ready, and asks it what verify.sh asks.
Where that fails, the release before is put back. The last three releases stay in $releases.

  --archive FILE|URL  take this release archive, with its checksum in FILE.sha256 beside it; an address begins with https://
  --skip-build        take the newest archive in target/dist instead of building one
  --skip-tests        build without running the tests first
  --rollback          go back to the release that ran before, and forget that the present one was ever healthy
  --wait SECONDS      how long the service may take until it is ready (120)
  --dry-run           check, say what would be done, change nothing
  --help              this text

Exit codes: 0 the release runs; a line says so where cleaning up failed · 1 stopped, or 130 interrupted, before the service was
touched · 2 called wrongly · 3 it failed, and the release before runs again · 4 it failed, and so did going back: a person is needed.
Every step is in $logs/deploy.log, with its time (UTC).
TEXT
}

# --- what was asked for ---

archive='' action=deploy skip_build=false skip_tests=false dry_run=false patience_seconds=120

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
            --archive | --wait) [ $# -ge 2 ] || misused "$1 needs a value" ;;&
            --archive) archive=$2 && shift ;;
            --wait) patience_seconds=$2 && shift ;;
            --skip-build) skip_build=true ;;
            --skip-tests) skip_tests=true ;;
            --rollback) action=rollback ;;
            --dry-run) dry_run=true ;;
            --help | -h) usage && exit ;;
            *) misused "unknown argument $1" ;;
        esac
        shift
    done
    case $patience_seconds in '' | *[!0-9]*) misused "--wait $patience_seconds: expected seconds" ;; esac
    if [ "$action" = rollback ] && { [ -n "$archive" ] || $skip_build || $skip_tests; }; then
        misused '--rollback takes a release that is here; it goes with --wait and --dry-run only'
    fi
    if [ -n "$archive" ] && { $skip_build || $skip_tests; }; then
        misused '--archive builds nothing, so there is nothing to skip'
    fi
}

# logged COMMAND...: each line that it prints gets its time.
logged() {
    "$@" 2>&1 | while IFS= read -r line; do say "  $line"; done
}

# A dry run writes nothing, so it logs to the terminal alone.
begin() {
    need_root
    need_commands awk cmp curl df du find flock getent gzip install journalctl sha256sum stat systemctl systemd-run tar tee
    exec </dev/null
    if $dry_run; then return; fi
    take_lock
    getent group "$account" >/dev/null || refuse "there is no group $account; run setup.sh"
    install -d -m 750 -o root -g "$account" "$logs"
    # The copy outlives an interrupt, so that what follows it is in the log, too, and a reader who leaves (-p): without it the
    # next line would end this script, wherever it is. It must not hold the lock.
    exec > >(trap '' INT TERM HUP && exec tee -p -a "$logs/deploy.log" 9>&-) 2>&1
    trap 'exit 130' INT TERM HUP
    trap finish EXIT
    # What a run that was killed has left.
    rm -rf "$incoming" "$current.new" "$units/.$service"*.new
}

# --- the host ---

# allowed PATH EXPECTED: a mode and an owner, as setup.sh sets them.
allowed() {
    local found
    found=$(stat -c '%a %U' "$1" 2>/dev/null) || refuse "$1 is missing; run setup.sh"
    [ "$found" = "$2" ] || refuse "$1 is $found, expected $2; run setup.sh"
}

# room FOLDER BYTES
room() {
    local free
    free=$(df --output=avail --block-size=1 "$1" | tail -n 1)
    [ "$free" -ge "$2" ] || refuse "$1 has $((free / 1048576)) MiB left, expected $(($2 / 1048576)) MiB or more"
}

check_host() {
    need_systemd
    is_our_account || refuse "there is no user $account with home $data and without a shell; run setup.sh"
    allowed "$releases" '755 root'
    allowed "$settings" '750 root'
    allowed "$settings/config.yaml" '640 root'
    allowed "$settings/secrets.env" '600 root'
    allowed "$settings/credentials" '700 root'
    allowed "$data" "750 $account"
    allowed "$backups" "750 $account"
    room "$releases" "$spare_bytes"
    room "$backups" $((spare_bytes + $(du --summarize --bytes "$data" | cut -f 1)))
    say "the host is in order: accounts, permissions, disk space, systemd"
}

# --- the release ---

# Runs cargo as the owner of the source: building needs no root, and what it leaves belongs to whoever works there.
build() {
    local source=$1 owner quoted
    quoted=$(printf %q "$source")
    owner=$(stat -c %U "$source")
    local as=(bash -lc)
    [ "$owner" = root ] || as=(runuser --user "$owner" -- bash -lc)
    if ! $skip_tests; then
        say "testing the source in $source"
        logged "${as[@]}" "cd $quoted && cargo test --workspace --locked --quiet" || refuse 'the tests failed'
    fi
    say "building the release from $source"
    logged "${as[@]}" "cd $quoted && cargo xtask dist $service" || refuse 'the build failed'
}

# Sets $archive to a file that is here, and $id. A dry run neither builds nor downloads, and then knows of neither.
obtain() {
    case $archive in
        https://*) download ;;
        # In a clone this lies in the service's room, and that in the project.
        '') build_or_find "${here%/*/*/*}" ;;
    esac
    [ -z "$archive" ] || check_archive
}

build_or_find() {
    [ -e "$1/Cargo.toml" ] || refuse "there is no source in ${here%/*/*} to build from; pass --archive"
    if $dry_run && ! $skip_build; then
        say "would $($skip_tests || echo 'test and ')build $1"
        return
    fi
    $skip_build || build "$1"
    archive=$(find "$1/target/dist" -maxdepth 1 -name "$service-*.tar.gz" -printf '%T@ %p\n' | sort -n | sed -n '$s/[^ ]* //p') || true
    [ -n "$archive" ] || refuse "there is no archive in $1/target/dist"
}

download() {
    local name=${archive##*/} suffix
    if $dry_run; then
        say "would download $archive"
        archive=''
        return
    fi
    mkdir -p "$incoming"
    for suffix in '' .sha256; do
        say "downloading $archive$suffix"
        logged curl --fail --silent --show-error --location --proto =https --max-time 600 \
            --output "$incoming/$name$suffix" "$archive$suffix" || refuse "cannot download $archive$suffix"
    done
    archive=$incoming/$name
}

# Sets $checksum, and $id from what the archive says of itself.
check_archive() {
    local facts
    [ -f "$archive" ] || refuse "there is no file $archive"
    [ -f "$archive.sha256" ] || refuse "$archive.sha256 is missing: nothing says that the archive is whole"
    # Not sha256sum --check, which takes the word of the file for what it is about.
    checksum=$(sha256sum <"$archive" | cut -d ' ' -f 1)
    [ "$checksum" = "$(awk 'NR == 1 { print $1 }' "$archive.sha256")" ] || refuse "$archive does not match its checksum"
    facts=$(tar --extract --gzip --to-stdout --wildcards --file "$archive" '*/VERSION') || refuse "$archive has no file VERSION"
    id=$(awk '$1 == "version" { version = $2 } $1 == "commit" { commit = substr($2, 1, 12) } END { print version "-" commit }' <<<"$facts")
    case $id in
        *-????????????) ;;
        *) refuse "$archive: cannot tell version and commit from its file VERSION" ;;
    esac
    case $id in *[!0-9A-Za-z.+-]* | .*) refuse "$archive: $id cannot name a folder" ;; esac
    say "release $id, from $archive, matches its checksum"
}

# Unpacked beside its place and renamed into it: a release that is there is whole.
unpack() {
    if [ -d "$releases/$id" ]; then
        [ "$(cat "$releases/$id/.archive")" = "$checksum" ] || refuse "$releases/$id was made from another archive; remove it first"
        say "release $id is unpacked already"
        return
    fi
    unpack_into "$incoming/release" || refuse "cannot unpack $archive into $incoming"
    mv -T "$incoming/release" "$releases/$id" || refuse "cannot name it $releases/$id"
    say "unpacked into $releases/$id"
}

unpack_into() {
    mkdir -p "$1" &&
        logged tar --extract --gzip --no-same-owner --strip-components=1 --directory "$1" --file "$archive" &&
        echo "$checksum" >"$1/.archive" &&
        chmod 755 "$1"
}

# Sets $normalized: the configuration as this release reads it. Not its command `check`: that opens the store, so that a newer
# program migrates it under the older one, before there is a backup and without a way back.
check_configuration() {
    local program=$releases/$id/$service
    normalized=$(as_service --pipe -- "$program" --config "$settings/config.yaml" --print-config-normalized 2>&1) || {
        say "$normalized"
        refuse "release $id refuses $settings/config.yaml"
    }
    [ "$(setting telemetry enabled)" = true ] || refuse "$section.telemetry.enabled is false: nobody could ask whether it is ready"
    say "release $id takes $settings/config.yaml"
}

# setting SECTION KEY: below $section; the program prints one key a line, two spaces a level.
setting() {
    awk -v section="    \"$1\": {" -v key="      \"$2\": " 'index($0, section) == 1 { inside = 1 } /^    }/ { inside = 0 }
        inside && index($0, key) == 1 { value = substr($0, length(key) + 1); gsub(/[",]/, "", value); print value; exit }' <<<"$normalized"
}

# With the release that was healthy last: one that never was may know neither the store nor the command.
back_up() {
    local name program status=0
    name=$(healthy_but '' | sed -n 1p)
    if [ -z "$name" ]; then
        say 'no release has been healthy yet, so there is nothing to back up'
        return
    fi
    program=$releases/$name/$service
    "$program" backup --help >/dev/null 2>&1 || status=$?
    case $status in
        0) logged as_service --pipe -- "$program" --config "$settings/config.yaml" backup || no_backup 'the backup failed' ;;
        # What a program says to a command that it does not know.
        2) say "$name has no backup command: no backup" ;;
        *) no_backup "$program ends with $status, asked about its backup command" ;;
    esac
}

# no_backup WHY: a new release may wait for it; going back may be what mends the full disk or the store.
no_backup() {
    [ "$action" = rollback ] || refuse "$1"
    say "$1; going back without it"
}

# --- switching ---

# healthy_but NAME: releases that came up healthy, the newest first, without this one.
healthy_but() {
    find "$releases" -mindepth 2 -maxdepth 2 -name .verified -printf '%T@ %h\n' | sort -rn |
        awk -v but="$1" '{ sub(/.*\//, "") } $0 != but'
}

# The one that `current` names; nothing before the first deployment.
running() {
    local target
    ! target=$(readlink "$current") || echo "${target##*/}"
}

# The release to go back to from $id: the one that runs, or the newest one that did.
release_before() {
    local name
    name=$(running)
    if [ -n "$name" ] && [ "$name" != "$id" ] && [ -e "$releases/$name/.verified" ]; then
        echo "$name"
    else
        healthy_but "$id" | sed -n 1p
    fi
}

# activate ID: its units, the link, a restart.
activate() {
    install_units "$releases/$1/deploy/systemd" || return 1
    ln -sfn "releases/$1" "$current.new" && mv -T "$current.new" "$current" || return 1
    say "$current is $1; restarting"
    # Starts that failed before are not this release's.
    systemctl reset-failed "$service.service" 2>/dev/null || true
    logged systemctl restart "$service.service"
}

# ready ID: both probes answer, and it is this release that runs.
ready() {
    local deadline=$((SECONDS + patience_seconds)) probe
    for probe in startupz readyz; do
        # curl, not the release's own health command: a broken release must not be its own judge.
        until curl --fail --silent --output /dev/null --max-time 10 "$(url)/$probe"; do
            if [ "$(systemctl show --value --property=NRestarts "$service.service")" -gt 0 ]; then
                say 'the service ended and was started again'
                return 1
            fi
            if [ $SECONDS -ge $deadline ]; then
                say "no 200 from $(url)/$probe within $patience_seconds s: $(curl --silent --max-time 10 "$(url)/$probe" | head -c 300)"
                return 1
            fi
            sleep 1
        done
    done
    if ! [ "/proc/$(systemctl show --value --property=MainPID "$service.service")/exe" -ef "$releases/$1/$service" ]; then
        say "what runs is not $releases/$1/$service"
        return 1
    fi
    say "$1 is ready"
}

# From elsewhere the service may be reached by any of its addresses; here, where it listens on all of them, by this one.
url() {
    local address
    address=$(setting telemetry listen_address)
    case $address in
        0.0.0.0) address=127.0.0.1 ;;
        ::) address='[::1]' ;;
        *:*) address="[$address]" ;;
    esac
    echo "http://$address:$(setting telemetry listen_port)"
}

verify() {
    local options=(--metrics "$(setting telemetry path)")
    [ "$(setting auth enabled)" = true ] || options+=(--no-login)
    logged "$here/verify.sh" "${options[@]}" "$(url)"
}

# try ID: puts it into operation; what the service said last is in the log where that fails.
try() {
    if activate "$1" && ready "$1" && verify; then
        touch "$releases/$1/.verified"
        # Said outright here and above: in a trap, a bare return gives what was before the trap.
        return 0
    fi
    say "$1 failed; the service's last words:"
    logged last_words || true
    return 1
}

# Without our own questions, which are in the log as well.
last_words() {
    journalctl --quiet --no-pager --lines=300 --output=cat --unit="$service.service" | grep -v -e /startupz -e /readyz | tail -n 20
}

# The release before, after $id failed. Ends the script.
go_back() {
    trap '' INT TERM HUP
    phase=after
    if [ -z "$before" ]; then
        say "FAILED: $id is not healthy, and there is no release to go back to"
        exit 4
    fi
    say "going back to $before"
    if try "$before"; then
        say "FAILED: $id is not healthy; $before runs again"
        exit 3
    fi
    say "FAILED: neither $id nor $before is healthy. If $id has migrated the store, restore the backup above: $current/deploy/scripts/restore.sh FILE"
    exit 4
}

# Whatever ends the script, an interrupt or a fault of its own: never in between two releases.
finish() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    rm -rf "$incoming"
    case $phase-$status in
        before-[01] | before-130 | after-*) exit "$status" ;;
        # A program's own code, which would mean something else here.
        before-*) refuse "the step after the line above ended with $status" ;;
    esac
    say 'interrupted'
    go_back
}

# Three releases: the one that runs and the newest others that were healthy.
prune() {
    local keep name
    keep=$(echo "$id" && healthy_but "$id" | sed -n 1,2p) || return 1
    for name in "$releases"/*/; do
        name=$(basename "$name")
        grep -qxF -- "$name" <<<"$keep" && continue
        say "removing release $name"
        # Renamed first: also of what is being removed, what is there is whole.
        { mkdir -p "$incoming" && mv -T "$releases/$name" "$incoming/$name" && logged rm -rf "${incoming:?}/$name"; } || return 1
    done
}

# --- main ---

id='' left='' before='' checksum='' normalized='' phase=before

# Both set $id.
deploy() {
    check_host
    obtain
    if $dry_run; then return; fi
    unpack
    check_configuration
}

rollback() {
    id=$(healthy_but "$left" | sed -n 1p)
    [ -n "$id" ] || refuse 'there is no release to go back to'
    $dry_run || check_configuration
}

# Left on purpose: not one to go back to any more, also where this run is killed in the middle. Should it have to be gone back to
# after all, it gets its mark again.
forget() {
    [ -z "$left" ] || rm -f "$releases/$left/.verified" || refuse "cannot remove $releases/$left/.verified"
}

# After the switch: what fails now is said, and no reason to leave the release.
clean_up() {
    [ "$action" = rollback ] || prune || say 'removing old releases failed'
    logged start_timers || say 'starting the timers failed: no backup will be made at night'
}

main() {
    parse "$@"
    begin
    say "deploy.sh $*"
    left=$(running)
    "$action"
    before=$(release_before)
    if $dry_run; then
        say "would check the configuration, back up, switch from ${left:-nothing} to ${id:-it}, restart and verify"
        return
    fi
    back_up
    [ "$action" = deploy ] || forget
    phase=switching
    try "$id" || go_back
    phase=after
    trap '' INT TERM HUP
    clean_up
    say "done: $id runs"
}

main "$@"

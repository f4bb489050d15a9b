# Rendered by `cargo xtask service` from chassis/deploy/scripts/host.sh.in and alert-orchestrator/service.toml: edit those.
# What the scripts of this folder have in common: names, places, and a word with the operator. Sourced, never run.
# shellcheck shell=bash disable=SC2034 # each script uses some of them

readonly service=alert-orchestrator
readonly title='Alert Orchestrator'
# The section of its configuration that has the logins and the telemetry.
readonly section=orchestrator
readonly account=orchestrator
readonly root=/opt/alert-orchestrator
readonly releases=$root/releases
readonly current=$root/current
readonly settings=/etc/alert-orchestrator
readonly data=/var/lib/alert-orchestrator
readonly backups=/var/backups/orchestrator
readonly logs=/var/log/alert-orchestrator
# What a running service is asked for; the metrics stand without their prefix.
readonly protected=/api/config/normalized
readonly round='evaluation'
readonly round_at_metric=last_eval_timestamp_seconds
readonly round_interval_metric=evaluation_interval_seconds
readonly command_examples=('explain usdc' 'tag --asset usdc --latest')
readonly units=/etc/systemd/system
readonly rotation=/etc/logrotate.d/$service
readonly lock=/run/$service-deploy.lock
# The first with everything that the unit asks for.
readonly systemd_version=252

say() {
    printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"
}

# refuse TEXT...: the end, before the service was touched.
refuse() {
    say "stopped: $*" >&2
    exit 1
}

# misused TEXT...
misused() {
    printf '%s: %s; see --help\n' "${0##*/}" "$*" >&2
    exit 2
}

need_root() {
    [ "$(id -u)" -eq 0 ] || refuse 'this needs root'
}

# need_commands NAME...: names every one that is missing, not only the first.
need_commands() {
    local name missing=()
    for name; do
        command -v "$name" >/dev/null || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] || refuse "not installed: ${missing[*]}"
}

need_systemd() {
    local found
    found=$(systemctl --version | awk 'NR == 1 { print int($2) }')
    [ "$found" -ge "$systemd_version" ] || refuse "systemd is $found, expected $systemd_version or newer"
}

# is_our_account: the user is as setup.sh makes it. One with another home, or with a shell, is somebody's.
is_our_account() {
    local home shell
    IFS=: read -r _ _ _ _ _ home shell < <(getent passwd "$account") || return 1
    [ "$home" = "$data" ] && [ "${shell##*/}" = nologin ]
}

# take_lock: two at once would undo each other's work. It is held as long as descriptor 9 is open, in this script or a child.
take_lock() {
    exec 9>"$lock"
    flock --nonblock 9 || refuse "another deployment is under way, or another of these scripts (it holds $lock)"
}

# install_units FOLDER: puts the release's units where they differ from those that are there; systemd reads them afterwards.
install_units() {
    local unit
    for unit in "$1"/"$service"*.service "$1"/"$service"*.timer; do
        [ -e "$unit" ] || continue
        cmp -s "$unit" "$units/${unit##*/}" && continue
        say "installing $units/${unit##*/}"
        # Renamed into place: nobody reads half a unit.
        install -m 644 "$unit" "$units/.${unit##*/}.new" || return 1
        mv -T "$units/.${unit##*/}.new" "$units/${unit##*/}" || return 1
    done
    systemctl daemon-reload
}

# start_timers: those that setup.sh, or the operator, has enabled.
start_timers() {
    local timer failed=0
    for timer in "$units/$service"*.timer; do
        timer=${timer##*/}
        ! systemctl is-enabled --quiet "$timer" 2>/dev/null || systemctl start "$timer" || failed=1
    done
    return $failed
}

# sandboxed --pipe|--pty PROPERTY... -- COMMAND...: with the folder, variables and secrets that the service has. The command
# writes where a property lets it, and nowhere else.
sandboxed() {
    local terminal=$1 unit=$service-run-$$ properties=()
    shift
    while [ "$1" != -- ]; do
        properties+=("--property=$1")
        shift
    done
    # Credentials are the service's own; here they are seen in the same place.
    systemd-run --quiet --wait --collect "$terminal" --unit="$unit" \
        --property=UMask=0077 --property="WorkingDirectory=$data" --property="EnvironmentFile=$settings/secrets.env" \
        --property="LoadCredential=secret:$settings/credentials" \
        --property="BindReadOnlyPaths=/run/credentials/$unit.service:/run/credentials/$service.service" \
        --property=ProtectSystem=strict --property=PrivateTmp=yes --property=NoNewPrivileges=yes "${properties[@]}" "$@"
}

# as_service --pipe|--pty [PROPERTY...] -- COMMAND...: as the service's user. Backups may be missing, as after a lost disk.
as_service() {
    local terminal=$1
    shift
    sandboxed "$terminal" "User=$account" "Group=$account" "ReadWritePaths=$data -$backups" "$@"
}

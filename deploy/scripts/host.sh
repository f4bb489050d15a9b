# What the scripts of this folder have in common: names, places, and a word with the operator. Sourced, never run.
# shellcheck shell=bash disable=SC2034 # each script uses some of them

readonly service=alert-orchestrator
readonly account=orchestrator
readonly root=/opt/alert-orchestrator
readonly releases=$root/releases
readonly current=$root/current
readonly settings=/etc/alert-orchestrator
readonly data=/var/lib/alert-orchestrator
readonly backups=/var/backups/orchestrator
readonly logs=/var/log/alert-orchestrator
readonly units=/etc/systemd/system
# The first with everything that the unit asks for.
readonly systemd_version=252

say() {
    printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"
}

# refuse TEXT...: the end, before anything has been changed.
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

# as_service --pipe|--pty COMMAND...: runs something with the user, folder, variables and secrets that the service has.
as_service() {
    local terminal=$1 unit=$service-run-$$
    shift
    # Credentials are the service's own; here they are seen in the same place.
    systemd-run --quiet --wait --collect "$terminal" --unit="$unit" \
        --property="User=$account" --property="Group=$account" --property=UMask=0077 \
        --property="WorkingDirectory=$data" --property="EnvironmentFile=$settings/secrets.env" \
        --property="LoadCredential=secret:$settings/credentials" \
        --property="BindReadOnlyPaths=/run/credentials/$unit.service:/run/credentials/$service.service" \
        --property=ProtectSystem=strict --property="ReadWritePaths=$data $backups" --property=PrivateTmp=yes \
        --property=NoNewPrivileges=yes -- "$@"
}

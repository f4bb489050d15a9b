#!/bin/sh
# Lets in SSH, HTTP and HTTPS, and nothing else: not the service (9808), Prometheus (9090), Alertmanager (9093), Grafana (3000)
# or GreptimeDB (4000). Run it at every start, as root, after Docker's where there is Docker; running it again changes nothing.
# Rules of its own stand in chains of its own: HOST-INPUT, HOST-PUBLISHED.
set -eu

# rules ICMP BITS: for both IPs; the clients of a limit are addresses, or IPv6 networks of 64 bits.
rules() {
    cat <<EOF
*filter
:HOST-INPUT -
:HOST-PUBLISHED -
-A HOST-INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A HOST-INPUT -m conntrack --ctstate INVALID -j DROP
-A HOST-INPUT -i lo -j ACCEPT
-A HOST-INPUT -p $1 -j ACCEPT
-A HOST-INPUT -p tcp --dport 22 -m hashlimit --hashlimit-name ssh --hashlimit-mode srcip --hashlimit-srcmask $2 --hashlimit-upto 6/min --hashlimit-burst 6 -j ACCEPT
-A HOST-INPUT -p tcp -m multiport --dports 80,443 -m hashlimit --hashlimit-name web --hashlimit-mode srcip --hashlimit-srcmask $2 --hashlimit-upto 20/sec --hashlimit-burst 100 -j ACCEPT
-A HOST-INPUT -j DROP
-A HOST-PUBLISHED -i docker0 -j RETURN
-A HOST-PUBLISHED -i br-+ -j RETURN
-A HOST-PUBLISHED -p tcp -m conntrack --ctstate DNAT --ctorigdstport 80 -j RETURN
-A HOST-PUBLISHED -p tcp -m conntrack --ctstate DNAT --ctorigdstport 443 -j RETURN
-A HOST-PUBLISHED -m conntrack --ctstate DNAT -j DROP
COMMIT
EOF
}

# first TABLES CHAIN OURS: makes CHAIN begin with a jump to ours.
first() {
    "$1" -w -C "$2" -j "$3" 2>/dev/null || "$1" -w -I "$2" 1 -j "$3"
}

rules icmp 32 | iptables-restore -w --noflush
rules icmpv6 64 | ip6tables-restore -w --noflush
for tables in iptables ip6tables; do
    first "$tables" INPUT HOST-INPUT
    # A port that Docker publishes is redirected before INPUT and never gets there; Docker asks this chain.
    if "$tables" -w -S DOCKER-USER >/dev/null 2>&1; then
        first "$tables" DOCKER-USER HOST-PUBLISHED
    fi
done

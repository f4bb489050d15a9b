#!/bin/sh
# Lets in SSH, HTTP and HTTPS, and nothing else: not the service (9808), Prometheus (9090), Alertmanager (9093), Grafana (3000)
# or GreptimeDB (4000). Once, as root.
#
# Ports that Docker publishes go past ufw: they are redirected before the rules that it writes. compose.yaml publishes on
# 127.0.0.1 for that reason; keep it so.
set -eu

ufw default deny incoming
ufw default allow outgoing
ufw limit 22/tcp comment 'SSH; six connections in 30 s from one address'
ufw allow 80/tcp comment 'HTTP: ACME, and the way to HTTPS'
ufw allow 443/tcp comment 'HTTPS'
ufw --force enable

#!/usr/bin/env python3
"""Does the service keep its figures under load and in the hands of clients that are up to no good?

Runs the real binary on a treasury of 20 assets and 20 wallets that it evaluates every second, beside Debian's nginx and
Prometheus node exporter, which are measured in the same run, in turns; what counts are medians. One line per figure; the
exit code is 1 where one is missed. Installs wrk, nginx-light and prometheus-node-exporter (as root on Debian).

    alert-orchestrator/tests/load/measure.py ROOM PROGRAM            # about 20 minutes
    alert-orchestrator/tests/load/measure.py ROOM PROGRAM --quick    # about two
"""

import argparse
import os
import pathlib
import signal
import statistics
import sys
import tempfile
import threading
import time

import dataset
import faults
import programs  # makes `running` findable
import running
from figures import Figure, at_least, at_most
from programs import Nginx, NodeExporter, Service, seconds_to_first_answer, wrk
from running import free_port, password_hash, wait_for
from service import SERVICE

CONNECTIONS = 256
# Exactly what is asked of the service; see docs/performance.md.
RATE_LEAST, P99_MOST = 0.5, 2.0
IDLE_BYTES_MOST = 25e6
GROWTH_PERCENT_MOST = 5

CONFIGURATION = """
client:
  assets: [{assets}]
  embedded: {{path: var/load.db, import: [tables]}}
  date_range: {{end: {end}}}
orchestrator:
  telemetry: {{listen_port: {port}, expose: {{g_usd: true, v_ref_usd: true, v_t1_usd: true}}}}
  schedule: {{interval_minutes: 0.0167}}
  diagnostics: {{dir: charts}}
"""
LOGIN = """  auth: {{enabled: true, username: "{user}", password_hash: "{hash}"}}
"""


def configuration(port):
    return CONFIGURATION.format(assets=", ".join(dataset.assets()), end=dataset.end(), port=port)


def under_load(service, nginx, seconds, rounds):
    """Requests per second and p99 beside nginx, plain and compressed, while evaluations run."""
    for path, name in [("/metrics", "metrics.txt"), ("/api/decisions", "decisions.json")]:
        plain, compressed = service.get(path)[2], service.get(path, {"Accept-Encoding": "gzip"})[2]
        nginx.put(name, plain, compressed)
        for is_compressed, body in [(False, plain), (True, compressed)]:
            yield from beside_nginx(service, nginx, (path, f"/{name}"), is_compressed, len(body), seconds, rounds)


def beside_nginx(service, nginx, paths, is_compressed, size, seconds, rounds):
    loads = {service: [], nginx: []}
    evaluated, evaluating_seconds = 0, 0
    for turn in range(-1, rounds):
        for program, path in [(service, paths[0]), (nginx, paths[1])]:
            before, started = service.evaluated(), time.monotonic()
            if program is nginx:
                # nginx has the machine to itself.
                service.process.send_signal(signal.SIGSTOP)
            load = wrk(program.port, path, 1 if turn < 0 else seconds, CONNECTIONS, is_compressed)
            service.process.send_signal(signal.SIGCONT)
            # The metrics page grows and shrinks by some digits.
            if load.failed or load.bytes < 0.98 * size * load.requests:
                sys.exit(f"{path}, {size} bytes: not every answer was one: {load}")
            if turn < 0:
                continue  # the first turn warms both up
            loads[program].append(load)
            if program is service:
                evaluated += service.evaluated() - before
                evaluating_seconds += time.monotonic() - started
    rate = {program: statistics.median(load.rate for load in of) for program, of in loads.items()}
    p99 = {program: statistics.median(load.p99_micros for load in of) / 1e3 for program, of in loads.items()}
    what = f"{paths[0]}{' gzip' if is_compressed else ''}, {size / 1e3:.1f} kB"
    note = f" ({rate[service]:.0f} / {rate[nginx]:.0f} per s)"
    yield at_least(f"{what}: requests beside nginx", rate[service] / rate[nginx], RATE_LEAST, note=note)
    note = f" ({p99[service]:.1f} / {p99[nginx]:.1f} ms)"
    yield at_most(f"{what}: p99 beside nginx", p99[service] / p99[nginx], P99_MOST, note=note)
    yield at_least(f"{what}: evaluations meanwhile", evaluated / evaluating_seconds, 0.9, " per s")


def shipped(folder, port):
    """The configuration that the repository ships, on a free port."""
    for name in ["examples", "config"]:
        if not (folder / name).exists():
            (folder / name).symlink_to(running.REPOSITORY / name)
    text = (running.REPOSITORY / SERVICE.configuration).read_text(encoding="utf-8")
    changed = text.replace("  telemetry:\n", f"  telemetry:\n    listen_port: {port}\n")
    if changed == text:
        sys.exit(f"{SERVICE.configuration} has no line `  telemetry:` any more")
    return changed


def idle_memory(binary, folder):
    """Resident memory in the shipped configuration, from the first evaluation on (which imports everything, too)."""
    port = free_port()
    with Service(binary, folder, shipped(folder, port), port, "idle") as service:
        service.wait_for_evaluation()
        most = 0
        for _ in range(30):
            most = max(most, service.resident_bytes())
            time.sleep(0.1)
    yield at_most("idle memory, shipped configuration", most / 1e6, IDLE_BYTES_MOST / 1e6, " MB", 1)


def starts(binary, folder, repetitions):
    """From the start of the process to the first answer on /metrics, beside the node exporter."""
    seconds = {"service": [], "exporter": []}
    for turn in range(-1, repetitions):
        port = free_port()
        with Service(binary, folder, shipped(folder, port), port, "start") as service:
            service_seconds = seconds_to_first_answer(service)
        with NodeExporter(folder, free_port()) as exporter:
            exporter_seconds = seconds_to_first_answer(exporter)
        if turn >= 0:
            seconds["service"].append(service_seconds)
            seconds["exporter"].append(exporter_seconds)
    service, exporter = (statistics.median(of) * 1e3 for of in seconds.values())
    note = f" ({service:.1f} / {exporter:.1f} ms)"
    yield at_most("start to first answer beside node exporter", service / exporter, 1.0, note=note)


def soak(service, seconds, warm_up):
    """Growth of resident memory under load: everything that is served is asked for while evaluations run."""
    done = threading.Event()
    browsing = threading.Thread(target=browse, args=(service, done))
    started, evaluated = time.monotonic(), service.evaluated()
    half = CONNECTIONS // 2
    loads = [
        programs.start_wrk(service.port, path, seconds, half, compressed)
        for path, compressed in [("/metrics", False), ("/api/decisions", True)]
    ]
    browsing.start()
    resident = []
    while any(load.poll() is None for load in loads):
        resident.append((time.monotonic() - started, service.resident_bytes()))
        time.sleep(0.5)
    done.set()
    browsing.join()
    failed = sum(programs.finish_wrk(load).failed for load in loads)
    took = time.monotonic() - started
    # Evaluations come and go: each side is the most of a stretch of time.
    stretch = max(5, warm_up / 2)
    before = max(size for at, size in resident if warm_up - stretch <= at <= warm_up)
    after = max(size for at, size in resident if at >= seconds - stretch)
    growth = (after / before - 1) * 100
    note = f" ({before / 1e6:.1f} to {after / 1e6:.1f} MB)"
    yield at_most(f"memory growth in {seconds} s of load", growth, GROWTH_PERCENT_MOST, " %", 1, note)
    yield Figure(f"failed requests in {seconds} s of load", str(failed), "0", failed == 0)
    rate = (service.evaluated() - evaluated) / took
    yield at_least("evaluations under that load", rate, 0.9, " per s")


def browse(service, done):
    """What pages and their readers ask for."""
    while not done.is_set():
        for asset in dataset.assets():
            for path in ["series?view=position&", "series?view=rate&", "explain?", "history?", "withdrawals?"]:
                service.get(f"/api/{path}asset={asset}", timeout=60)
            if done.wait(0.05):
                return


def misbehaviour(binary, folder):
    """Every fault in turn, on a service that asks for logins and evaluates every second."""
    port = free_port()
    login = LOGIN.format(user=faults.USER, hash=password_hash(binary, faults.PASSWORD))
    faults.lay_out_charts(folder)
    with Service(binary, folder, configuration(port) + login, port, "faults") as service:
        service.wait_for_evaluation()
        before = service.evaluated()
        for fault in faults.ALL:
            yield from fault(service)
        wait_for("evaluations after the faults", lambda: service.evaluated() > before)
        ready = service.get("/readyz")[0]
        code = service.stop()
        measured = f"/readyz {ready}, exit code {code}"
        yield Figure("after all faults", measured, "/readyz 200, exit code 0", (ready, code) == (200, 0))


def figures(binary, folder, options):
    yield from idle_memory(binary, folder)
    yield from starts(binary, folder, options.starts)
    dataset.write(folder / "tables")
    port = free_port()
    with Service(binary, folder, configuration(port), port) as service, Nginx(folder, free_port()) as nginx:
        service.wait_for_evaluation()
        wait_for("nginx", lambda: nginx.get("/")[0])
        yield from under_load(service, nginx, options.seconds, options.rounds)
        yield from soak(service, options.soak, options.warm_up)
    yield from misbehaviour(binary, folder)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("room")
    parser.add_argument("binary")
    parser.add_argument("--quick", action="store_true", help="shorter runs and fewer of them")
    parser.add_argument("--rounds", type=int, help="turns of service and nginx per address and encoding")
    parser.add_argument("--seconds", type=int, help="how long each turn loads")
    parser.add_argument("--starts", type=int, help="starts of service and node exporter")
    parser.add_argument("--soak", type=int, help="how long memory is watched under load, in seconds")
    parser.add_argument("--warm-up", type=int, help="when its growth begins to count, in seconds")
    options = parser.parse_args()
    quick = {"rounds": 3, "seconds": 2, "starts": 15, "soak": 20, "warm_up": 10}
    full = {"rounds": 7, "seconds": 8, "starts": 25, "soak": 600, "warm_up": 60}
    for name, value in (quick if options.quick else full).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def main():
    options = arguments()
    running.install(programs.PACKAGES)
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        # Workers of nginx are another user where it is started by root.
        os.chmod(folder, 0o755)
        for figure in figures(os.path.abspath(options.binary), pathlib.Path(folder), options):
            print(figure, flush=True)
            missed += not figure.holds
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

"""A treasury to evaluate under load: assets and wallets with hourly samples, the same bytes every time."""

import datetime
import hashlib
import random

ASSETS, WALLETS, DAYS = 20, 20, 60
HOURS = DAYS * 24
# The tagged withdrawal since which gains count, a month before the end.
REFERENCE_HOUR, REFERENCE_KEYWORD = HOURS // 2, "alert_driven_withdrawal"
START = datetime.datetime(2025, 12, 2, tzinfo=datetime.timezone.utc)


def assets():
    return [f"coin{number:02}" for number in range(ASSETS)]


def wallet(asset, number):
    """Looks like an address, is as long as one, and has no checksum: nobody can send money to it."""
    return "addr1q" + hashlib.sha512(f"{asset} {number}".encode()).hexdigest()[:97]


def instant(hour):
    return (START + datetime.timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")


def end():
    return instant(HOURS)


def write(folder):
    """Writes three tables per asset. Every wallet earns interest and gets one deposit after the reference."""
    folder.mkdir(parents=True)
    instants = [instant(hour) for hour in range(HOURS + 1)]
    for asset in assets():
        chance = random.Random(asset)
        prices = [1 + chance.gauss(0, 0.0004) for _ in instants]
        deposits = {number: (chance.randint(REFERENCE_HOUR + 1, HOURS), chance.uniform(10, 500)) for number in range(WALLETS)}
        with open(folder / f"liqwid_supply_positions_{asset}.csv", "w", encoding="utf-8") as table:
            table.write("ts,wallet_address,market_id,underlying_units,usd_value,price_usd\n")
            for number, (deposit_hour, amount) in deposits.items():
                address, units = wallet(asset, number), chance.uniform(1e3, 1e6)
                for hour, price in enumerate(prices):
                    units = units * (1 + 5e-6) + (amount if hour == deposit_hour else 0)
                    table.write(f"{instants[hour]},{address},{asset},{units:.6f},{units * price:.8f},{price:.8f}\n")
        write_flows(folder, asset, "deposits", [(number, *deposit, "top-up") for number, deposit in deposits.items()])
        tagged = (0, REFERENCE_HOUR, 100, f"gain taken out ({REFERENCE_KEYWORD})")
        write_flows(folder, asset, "withdrawals", [tagged])


def write_flows(folder, asset, direction, flows):
    with open(folder / f"liqwid_{direction}_{asset}.csv", "w", encoding="utf-8") as table:
        table.write("ts,wallet_address,market_id,amount,memo,tx_hash\n")
        for number, hour, amount, memo in flows:
            transaction = hashlib.sha256(f"{asset} {number} {direction}".encode()).hexdigest()
            table.write(f"{instant(hour)},{wallet(asset, number)},{asset},{amount:.6f},{memo},{transaction}\n")

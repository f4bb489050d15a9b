"""Writes what numpy and scipy answer to the questions that this crate answers, one CSV file per question, beside this script.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python golden.py

The files are the same to the byte on every run (x86-64). Floats are written with repr(), which loses nothing.
tests/golden.rs reads them.
"""

import os

# Both libraries pick their kernels by the processor, which moves the last digits. Pin them before they are loaded.
os.environ["OPENBLAS_CORETYPE"] = "Nehalem"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["NPY_DISABLE_CPU_FEATURES"] = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.polynomial import Legendre
from scipy.stats import gaussian_kde, median_abs_deviation

HERE = Path(__file__).parent
HOUR = 3600.0
EPOCHS_S = [0.0, 1.7e9, 2e9]
SPANS_S = [HOUR, 24 * HOUR, 30 * 24 * HOUR, 365 * 24 * HOUR, 3650 * 24 * HOUR]
ORDERS = range(9)


def write(name, header, rows):
    with open(HERE / name, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows([cell if isinstance(cell, (str, int)) else repr(float(cell)) for cell in row] for row in rows)


def positions(spacing, n, rng):
    """n positions in [0, 1] with both ends, increasing."""
    if spacing == "even":
        return np.linspace(0.0, 1.0, n)
    if spacing == "uneven":
        inner = rng.uniform(0.0, 1.0, n - 2)
    else:  # "clustered": nine in ten samples lie in the last tenth, as after a long outage
        late = n * 9 // 10
        inner = np.concatenate([rng.uniform(0.0, 0.9, n - 2 - late), rng.uniform(0.9, 1.0, late)])
    return np.concatenate([[0.0], np.sort(inner), [1.0]])


def fits(rng):
    """USD balances that grow slowly, with noise; every order on every data set."""
    for epoch in EPOCHS_S:
        for span in SPANS_S:
            for spacing in ["even", "uneven", "clustered"]:
                share = positions(spacing, 32, rng)
                x = np.round(epoch + span * share, 3)  # milliseconds
                years = span / SPANS_S[3]
                y = 1e4 * (1.0 + 0.05 * years * share) + rng.normal(0.0, 2.0, x.size)
                fitted = [Legendre.fit(x, y, order)(x) for order in ORDERS]
                for row in zip(x, y, *fitted):
                    yield [f"{epoch:.0f}/{span:.0f}/{spacing}", *row]


def long_fits():
    """A month of samples, 150 s apart. The data are a formula that is exact in both languages; see tests/golden.rs."""
    i = np.arange(17_281)
    x = 1.7e9 + 150.0 * i
    y = 10_000.0 + i / 1024.0 + (i * i * 7919 % 10_007) / 1000.0
    for order in ORDERS:
        fitted = Legendre.fit(x, y, order)(x)
        for index in [0, 1, 10, 4320, 8640, 12_960, 17_270, 17_279, 17_280]:
            yield [order, index, fitted[index]]


CROWDED_ORDERS = [2, 5, 8]


def crowded_fits(rng):
    """Most samples in a small part of the range, as after a long outage.

    Legendre.fit is off by up to 1e-4 here, so the reference is least squares in exact fractions.
    """
    places_s = {
        "one far": np.concatenate([[0.0], 3e8 + 150.0 * np.arange(23)]),
        "two far": np.concatenate([[0.0, 1e8], 3e8 + 150.0 * np.arange(22)]),
        "two crowds": np.concatenate([np.arange(12.0), 1e5 + np.arange(12.0)]),
    }
    for name, place in places_s.items():
        x, y = 1.7e9 + place, 1e4 + rng.normal(0.0, 2.0, place.size)
        exact = [column for order in CROWDED_ORDERS for column in exact_fit(x, y, order)]
        for row in zip(x, y, *exact):
            yield [name, *row]


def exact_fit(x, y, order):
    """Fitted values and leverages, by Gram-Schmidt in rational arithmetic."""
    centre, rows = Fraction(min(x)), range(len(x))
    x, y = [Fraction(v) - centre for v in x], [Fraction(v) for v in y]
    fitted, leverages, basis = [Fraction(0)] * len(x), [Fraction(0)] * len(x), []
    for k in range(order + 1):
        p = [v**k for v in x]
        for q, norm in basis:
            share = sum(a * b for a, b in zip(p, q)) / norm
            p = [a - share * b for a, b in zip(p, q)]
        norm = sum(v * v for v in p)
        share = sum(a * b for a, b in zip(y, p)) / norm
        fitted = [fitted[i] + share * p[i] for i in rows]
        leverages = [leverages[i] + p[i] * p[i] / norm for i in rows]
        basis.append((p, norm))
    return fitted, leverages


def samples(rng):
    """Columns of several sizes, scales and shapes; each name once."""
    for n in [1, 2, 3, 10, 101, 400]:
        yield f"normal/{n}", rng.normal(0.0, 1.0, n)
    yield "residuals_usd/200", rng.normal(0.0, 0.37, 200)
    yield "heavy_tails/200", rng.standard_t(2, 200)
    yield "two_prices/120", np.concatenate([rng.normal(0.97, 1e-3, 40), rng.normal(1.0, 5e-4, 80)])
    yield "repeats/90", np.round(rng.normal(3.0, 1.0, 90), 1)
    yield "epochs_s/60", 1.7e9 + 150.0 * np.arange(60)
    yield "billion/80", 1e9 + rng.normal(0.0, 1e-3, 80)


def main():
    rng = np.random.default_rng(20_260_129)
    orders = [f"order{order}" for order in ORDERS]
    write("fit.csv", ["data", "x", "y", *orders], fits(rng))
    write("fit_long.csv", ["order", "index", "fitted"], long_fits())
    exact = [f"{figure}{order}" for order in CROWDED_ORDERS for figure in ["fitted", "leverage"]]
    write("fit_crowded.csv", ["data", "x", "y", *exact], crowded_fits(rng))

    columns = dict(samples(rng))
    write("samples.csv", ["sample", "value"], ([name, v] for name, values in columns.items() for v in values))
    shares = [0.0, 0.001, 0.025, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 0.975, 1.0]
    write(
        "quantile.csv",
        ["sample", "probability", "quantile"],
        ([name, share, np.quantile(values, share)] for name, values in columns.items() for share in shares),
    )
    write(
        "scale.csv",
        ["sample", "mean", "std_ddof0", "std_ddof1", "mad"],
        (
            # Offsets from the first value: numpy's own mean would round at 1e9.
            [name, first + np.mean(v - first), np.std(v - first), np.std(v - first, ddof=1), median_abs_deviation(v)]
            for name, v in columns.items()
            for first in [v[0]]
            if v.size > 1
        ),
    )
    # scipy scales the points before it subtracts them, so around 1e9 it has no digits left to compare with.
    dense = {name: v for name, v in columns.items() if v.size > 1 and abs(np.mean(v)) < 1e3}
    write("density.csv", ["sample", "bandwidth", "x", "density"], densities(dense))


def densities(columns):
    for name, values in columns.items():
        kde = gaussian_kde(values)
        bandwidth = np.sqrt(kde.covariance[0, 0])
        low, high = values.min() - 3.0 * bandwidth, values.max() + 3.0 * bandwidth
        for x in np.linspace(low, high, 25):
            yield [name, bandwidth, x, kde(x)[0]]


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes histories.jsonl.gz: random short runs of the trader, each aimed at one thing, with the reference's answers.

Start at `FAMILIES`: name, what must have happened in a history (names of watched.py), and the knobs of market.py that
make it likely. A history that misses its aim is drawn again, so that every name keeps its promise.

    histories.py            writes histories.jsonl.gz beside this file, byte for byte the same each time
    histories.py --check    exit 1 where the file beside this one is another
    histories.py --count    prints how often each thing that is watched happened
"""

import collections
import gzip
import json
import random
import sys
from pathlib import Path

from market import DAY_MS, HOUR_MS, MINUTE_MS, START_MS, history
from watched import Watched

FILE = Path(__file__).with_name("histories.jsonl.gz")
EACH = 4
TRIES = 400
NO_STOP = {"stop_loss": None, "trailing_percent": None, "partial_targets": None}
STOP_ONLY = {"trailing_percent": None, "partial_targets": None}
TARGETS_ONLY = {"stop_loss": None, "trailing_percent": None}
WILD, CALM, THIN = {"swing": 0.02, "jump": 0.1}, {"swing": 0.004}, {"volume": "thin"}
THREE = [{"percent": part, "target": target} for part, target in (("0.3", "0.025"), ("0.5", "0.03"), ("1", "0.04"))]
TARGETS_OF_THREE = TARGETS_ONLY | {"partial_targets": THREE}
SMALL = {"min_notional": "60"}
COARSE = {"tick": "0.25", "lot": "0.05"}


def trading(**keys):
    return {"trading": keys}


def risk(**keys):
    return {"risk": keys}


def sizing(method, **keys):
    return {"risk": {"sizing": {"method": method, **keys}}}


def eager(**keys):
    return {"buy": 0.7, "sell": 0.05, **keys}


def patient(**keys):
    return {"buy": 0.0, "limit": 0.6, "sell": 0.08, **keys}


def once(signals):
    return {"buy": signals, "sell": 0.0, "exits": NO_STOP}


TWO, TRIO = ({}, {}), ({}, {}, {})
LIMITS = {"daily": trading(max_daily_loss="0.02", max_drawdown="0.3"),
          "drawdown": trading(max_daily_loss="0.3", max_drawdown="0.31")}
DEEP = trading(max_daily_loss="0.04", max_drawdown="0.06")
ONE_DAY = {"timeframe": DAY_MS, "bars": (36, 50)}

FAMILIES = [
    # fills at market
    ("market", {"trip_signal"}, {"strategies": (eager(sell=0.3, exits=STOP_ONLY),)}),
    ("default-exits", {"three_trips"}, {"strategies": (eager(),), "market": {"swing": 0.015}, "wide": False}),
    ("four-hours", {"three_trips"}, {"strategies": (eager(),), "market": WILD, "timeframe": 4 * HOUR_MS}),
    ("minutes", {"three_trips"}, {"strategies": (eager(sell=0.3),), "market": CALM, "timeframe": MINUTE_MS}),
    ("no-fill", {"no_fill"}, {"strategies": ({"buy": 0.0, "sell": 0.3},)}),
    ("held-to-the-end", {"no_trip", "entry"}, {"strategies": (once(0.2),)}),
    ("entry-open-at-the-end", {"entry_open_at_the_end"}, {"strategies": (eager(sell=0.4, limit=0.2),)}),
    ("no-exits", {"trip_signal"}, {"strategies": (eager(sell=0.2, exits=NO_STOP),), "market": WILD}),
    # gaps
    ("few-bars-missing", {"three_trips"}, {"missing": 0.15, "strategies": (eager(sell=0.2),)}),
    ("many-bars-missing", {"three_trips"}, {"missing": 0.12, "gap": (4, 30), "strategies": (eager(sell=0.2),)}),
    ("entry-lapses-in-gap", {"market_expired"}, {"missing": 0.15, "strategies": (eager(sell=0.2),)}),
    ("exit-waits-over-gap", {"exit_waited"}, {"missing": 0.2, "gap": (2, 6), "strategies": (eager(sell=0.4),)}),
    ("gaps-of-two-instruments", {"three_trips", "market_expired"},
     {"missing": 0.15, "instruments": TWO, "strategies": (eager(sell=0.2),)}),
    # volume
    ("entry-takes-what-there-is", {"market_expired_part"}, {"market": THIN, "strategies": (eager(sell=0.2),)}),
    ("exit-waits-for-volume", {"signal_in_parts"}, {"market": THIN, "strategies": (eager(sell=0.3),)}),
    ("stop-waits-for-volume", {"stop_in_parts"}, {"market": WILD | THIN, "strategies": (eager(exits=STOP_ONLY),)}),
    ("exits-share-volume", {"several_exits_at_once", "exit_in_parts"},
     {"market": THIN, "strategies": (eager(sell=0.3), eager(sell=0.3))}),
    ("exit-waits-at-the-end", {"exit_waits_at_the_end"}, {"market": THIN, "strategies": (eager(sell=0.4),)}),
    ("buy-while-exit-waits", {"buy_while_exit_waits"}, {"market": THIN, "strategies": (eager(sell=0.3),)}),
    ("zero-volume", {"exit_without_volume"}, {"market": {"volume": "dry"}, "strategies": (eager(sell=0.4),)}),
    ("no-volume-column", {"three_trips"}, {"market": {"volume": "none"}, "strategies": (eager(sell=0.2),)}),
    ("whole-volume", {"exit_in_parts"},
     {"market": THIN, "config": trading(max_volume_share="1"), "strategies": (eager(sell=0.3),), "capital": "300000"}),
    # stops, trailing, targets
    ("stop-in-entry-bar", {"stop_in_entry_bar"}, {"market": WILD, "strategies": (eager(),)}),
    ("gap-through-stop", {"gap_through_stop"}, {"market": WILD | {"jump": 0.3}, "strategies": (eager(),)}),
    ("gap-through-trailing", {"gap_through_trailing"}, {"market": WILD | {"jump": 0.3}, "strategies": (eager(),)}),
    ("trailing", {"trip_trailing"},
     {"market": {"swing": 0.012, "drift": 0.004}, "strategies": (eager(exits={"partial_targets": None}),)}),
    ("trailing-without-stop", {"trip_trailing"},
     {"strategies": (eager(exits={"stop_loss": None, "partial_targets": None, "trailing_percent": "0.015"}),)}),
    ("wide-trailing", {"trip_trailing", "trip_stop"},
     {"market": WILD, "bars": (24, 36), "strategies": (eager(exits={"trailing_percent": "0.03"}),)}),
    ("partial-target", {"partial_target"}, {"market": {"swing": 0.015, "drift": 0.004}, "strategies": (eager(),)}),
    ("all-at-default-target", {"trip_target"},
     {"market": WILD, "strategies": (eager(exits={"partial_targets": [], "trailing_percent": None}),)}),
    ("three-targets", {"partial_target", "trip_target"},
     {"market": {"swing": 0.012, "drift": 0.005}, "strategies": (eager(exits=TARGETS_OF_THREE),)}),
    ("targets-at-once", {"targets_at_once"},
     {"market": WILD, "strategies": (eager(exits={"partial_targets": THREE}),)}),
    ("target-skipped", {"target_skipped", "trip_target"},
     {"capital": "130", "instruments": (SMALL,), "market": {"swing": 0.015, "drift": 0.005},
      "strategies": (eager(exits=TARGETS_OF_THREE),)}),
    ("target-cut-by-volume", {"target_cut"},
     {"market": THIN | {"drift": 0.006}, "strategies": (eager(exits=TARGETS_OF_THREE),)}),
    ("target-dropped", {"target_dropped"},
     {"market": {"volume": "dry", "drift": 0.006}, "strategies": (eager(exits=TARGETS_ONLY),)}),
    ("stop-before-target", {"stop_before_target"},
     {"market": {"swing": 0.05, "price": 340}, "strategies": (eager(),)}),
    ("atr-stop", {"trip_stop"}, {"strategies": (eager(atr=0.01, exits={"atr_multiple": "2"}),), "market": WILD}),
    ("atr-undefined", {"undefined_stop", "trip_stop"},
     {"strategies": (eager(atr="patchy", exits={"atr_multiple": "1.5"}),), "market": WILD}),
    # dust and fees
    ("entry-is-dust", {"entry_is_dust"},
     {"market": {"volume": "thin", "price": 20}, "instruments": ({"min_notional": "70"},),
      "strategies": (eager(sell=0.2),)}),
    ("dust-sold-along", {"entry_is_dust", "dust_sold_along"},
     {"market": {"volume": "thin", "price": 20}, "instruments": ({"min_notional": "70"},),
      "strategies": (eager(sell=0.2),)}),
    ("rest-is-dust", {"rest_is_dust"},
     {"market": {"volume": "thin"}, "instruments": (SMALL,), "strategies": (eager(sell=0.3),), "bars": (24, 40)}),
    ("fee-in-base", {"three_trips"}, {"instruments": ({"fee_in": "base"},), "strategies": (eager(sell=0.3),)}),
    ("fee-in-base-leaves-dust", {"dust_sold_along", "three_trips"},
     {"instruments": ({"fee_in": "base", "lot": "0.01"},), "strategies": (eager(sell=0.3),), "bars": (24, 36)}),
    ("dust-of-two-strategies", {"dust_sold_along"},
     {"instruments": ({"fee_in": "base", "lot": "0.05"},), "strategies": (eager(sell=0.2), eager(sell=0.2))}),
    ("partial-target-takes-dust", {"dust_sold_along", "partial_target"},
     {"instruments": ({"fee_in": "base", "lot": "0.05"},), "market": {"swing": 0.015, "drift": 0.004},
      "strategies": (eager(sell=0.2), eager(sell=0.2))}),
    ("maker-fee", {"limit_filled", "three_trips"},
     {"config": trading(commission_rate="0.0026", commission_maker="0.0016"), "strategies": (patient(),)}),
    # steps
    ("coarse-tick", {"three_trips"}, {"instruments": ({"tick": "0.05"},), "strategies": (eager(sell=0.2),)}),
    ("coarse-tick-and-lot", {"three_trips"}, {"instruments": (COARSE,), "strategies": (eager(sell=0.2),)}),
    ("tick-of-five", {"three_trips"},
     {"instruments": ({"tick": "5", "lot": "0.25"},), "market": {"price": 4000}, "strategies": (eager(sell=0.2),)}),
    ("lot-of-five", {"three_trips"},
     {"instruments": ({"tick": "0.005", "lot": "5"},), "market": {"price": 2}, "strategies": (eager(sell=0.2),)}),
    ("min-quantity", {"refused_viable_minimum", "entry"},
     {"instruments": ({"min_quantity": "0.5", "lot": "0.1"},), "capital": "100", "market": WILD | {"price": 100},
      "strategies": (eager(exits=STOP_ONLY | {"stop_loss": "0.01"}, sizes=(1, 0.4)),)}),
    ("min-quantity-leaves-dust", {"entry_is_dust"},
     {"instruments": ({"min_quantity": "4"},), "market": THIN, "strategies": (eager(sell=0.2),)}),
    # limit entries
    ("limit-filled", {"limit_filled"}, {"strategies": (patient(),)}),
    ("limit-rejected", {"limit_rejected"}, {"strategies": (patient(),), "market": {"jump": 0.2}}),
    ("limit-expired", {"limit_expired"}, {"strategies": (patient(),)}),
    ("limit-in-parts", {"limit_in_parts"}, {"strategies": (patient(valid=(3, 8)),), "market": THIN}),
    ("limit-expired-in-part", {"limit_expired_part"}, {"strategies": (patient(valid=(1, 4)),), "market": THIN}),
    ("limit-cancelled-by-sell", {"limit_cancelled"},
     {"strategies": (patient(valid=(3, 9), sell=0.2, exits=NO_STOP),)}),
    ("limit-cancelled-by-stop", {"limit_cancelled_part", "stop"},
     {"strategies": (patient(valid=(4, 9), sell=0.0, exits=STOP_ONLY),), "market": {"volume": "thin", "swing": 0.02}}),
    ("limit-targets-wait", {"limit_filled", "trip_target"},
     {"strategies": (patient(exits=TARGETS_ONLY),), "market": {"swing": 0.025}}),
    ("limit-parts-hold-targets-back", {"target_waits_for_limit"},
     {"market": {"volume": "thin", "swing": 0.02},
      "strategies": (patient(valid=(4, 9), sell=0.0, exits=TARGETS_ONLY),)}),
    ("limit-over-gap", {"limit_filled", "limit_expired"},
     {"strategies": (patient(valid=(2, 6)),), "missing": 0.25, "gap": (1, 4)}),
    ("limit-entry-is-dust", {"entry_is_dust", "limit_in_parts"},
     {"strategies": (patient(valid=(4, 9)),), "market": {"volume": "dry", "price": 20}, "instruments": (SMALL,)}),
    # latency and slippage
    ("latency-within-a-bar", {"three_trips"},
     {"config": trading(latency_ms=HOUR_MS), "strategies": (eager(sell=0.2),)}),
    ("latency-over-a-bar", {"three_trips"},
     {"config": trading(latency_ms=HOUR_MS + 1), "strategies": (eager(sell=0.2),), "bars": (24, 36)}),
    ("latency-over-gaps", {"market_expired", "exit_waited"},
     {"config": trading(latency_ms=2 * HOUR_MS + 500), "missing": 0.2, "strategies": (eager(sell=0.3, limit=0.1),)}),
    ("sell-overtakes-entry", {"market_cancelled"},
     {"config": trading(latency_ms=3 * HOUR_MS), "strategies": (eager(sell=0.25),)}),
    ("limit-after-latency", {"limit_filled", "limit_rejected"},
     {"config": trading(latency_ms=90 * MINUTE_MS), "strategies": (patient(valid=(2, 6)),)}),
    ("realistic-slippage", {"three_trips"},
     {"config": trading(slippage="realistic"), "market": {"volume": "thin"}, "strategies": (eager(sell=0.2),)}),
    ("realistic-slippage-at-most", {"three_trips"},
     {"config": trading(slippage="realistic", slippage_rate="0.0047"), "market": WILD | THIN,
      "strategies": (eager(sell=0.2),), "capital": "100000"}),
    ("realistic-slippage-without-volume", {"three_trips"},
     {"config": trading(slippage="realistic"), "market": {"volume": "none"}, "strategies": (eager(sell=0.2),)}),
    ("realistic-slippage-after-zero-volume", {"exit_without_volume", "three_trips"},
     {"config": trading(slippage="realistic"), "market": {"volume": "dry"}, "strategies": (eager(sell=0.3),)}),
    # sizes and caps
    ("fixed-notional", {"three_trips"},
     {"config": sizing("fixed_notional", fixed_notional="777.77"), "strategies": (eager(sell=0.3),)}),
    ("fixed-risk", {"three_trips"},
     {"config": sizing("fixed_risk", fixed_risk="33.3"), "strategies": (eager(sell=0.3),)}),
    ("sizes", {"no_size", "size_over_1", "three_trips"},
     {"strategies": (eager(sell=0.3, sizes=(1, 0.3333333, 1.7, None, 0, -1, 0.5)),)}),
    ("size-tiny", {"size_tiny", "refused_viable_minimum"},
     {"strategies": (eager(sell=0.3, sizes=(1, 1e-9, 0.123456789012345)),)}),
    ("capped-by-position", {"clipped_max_position_size"}, {"wide": False, "strategies": (eager(sell=0.2),)}),
    ("capped-by-amount", {"clipped_max_position_size"},
     {"config": risk(max_position_size="1234.5"), "strategies": (eager(sell=0.2),)}),
    ("position-cap-shared", {"refused_max_position_size"},
     {"wide": False, "config": sizing("fixed_fractional", risk_per_trade="0.05"),
      "strategies": (eager(sell=0.1), eager(sell=0.1))}),
    ("capped-by-portfolio", {"clipped_max_portfolio_exposure"},
     {"config": risk(max_portfolio_exposure="0.6"), "instruments": TWO, "strategies": (eager(sell=0.2),)}),
    ("capped-by-group", {"clipped_max_correlation_exposure"},
     {"config": risk(max_correlation_exposure="0.55"), "instruments": TWO, "strategies": (eager(sell=0.2),)}),
    ("group-is-full", {"refused_max_correlation_exposure"},
     {"config": risk(max_correlation_exposure="0.4"), "instruments": TRIO, "strategies": (eager(sell=0.1),)}),
    ("capped-by-cash", {"clipped_cash"},
     {"config": sizing("fixed_fractional", risk_per_trade="0.03"), "strategies": (eager(sell=0.2),)}),
    ("out-of-cash", {"refused_viable_minimum", "clipped_cash"},
     {"config": sizing("fixed_fractional", risk_per_trade="0.03"), "instruments": TWO,
      "strategies": (eager(sell=0.1),)}),
    ("reduced-to-cash", {"reduced_to_cash"},
     {"config": sizing("fixed_fractional", risk_per_trade="0.03"), "market": {"jump": 0.5},
      "strategies": (eager(sell=0.2),)}),
    ("reduced-to-cash-with-realistic-slippage", {"reduced_to_cash"},
     {"config": {"trading": {"slippage": "realistic", "slippage_rate": "0.001", "max_volume_share": "1"}}
      | sizing("fixed_fractional", risk_per_trade="0.03"), "market": {"jump": 0.5, "volume": "thin"},
      "capital": "1000", "strategies": (eager(sell=0.2),)}),
    ("viable-minimum", {"refused_viable_minimum", "entry"},
     {"capital": "40", "wide": False, "config": trading(max_position_size="0.3"),
      "strategies": (eager(sell=0.3, sizes=(1, 0.9, 0.8)),)}),
    ("capital-shares", {"three_trips"},
     {"strategies": (eager(share="0.15"), eager(share="0.6", sell=0.3), eager(share="0.25")), "instruments": TWO}),
    # gates
    ("cooldown", {"refused_cooldown", "entry"},
     {"strategies": (eager(sell=0.3, exits={"cooldown_bars": 4}),), "market": WILD}),
    ("cooldown-over-gap", {"refused_cooldown"},
     {"strategies": (eager(sell=0.3, exits={"cooldown_bars": 3}),), "missing": 0.3, "market": WILD}),
    ("stop-guard", {"refused_stop_guard"},
     {"strategies": (eager(exits={"stop_guard": 2}),), "market": WILD, "bars": (24, 36)}),
    ("stop-guard-of-two-instruments", {"refused_stop_guard", "three_trips"},
     {"strategies": (eager(exits={"stop_guard": 3}),), "market": WILD, "instruments": TWO, "bars": (24, 36)}),
    ("stop-guard-counts-stops-not-parts", {"stop_in_parts", "three_trips"},
     {"strategies": (eager(exits=STOP_ONLY | {"stop_guard": 3}),), "market": WILD | THIN}),
    ("max-open-positions", {"refused_max_open_positions"},
     {"config": risk(max_open_positions=2), "instruments": TRIO, "strategies": (eager(), eager(sell=0.3))}),
    ("max-trades-per-day", {"refused_max_trades_per_day", "three_trips"},
     {"config": risk(max_trades_per_day=3), "strategies": (eager(sell=0.5),), "bars": (24, 36)}),
    ("flagged-buy", {"flagged_buy"}, {"strategies": (eager(),), "market": {"crash": (9, 1.7), "swing": 0.004}}),
    ("flagged-sell", {"flagged_sell"},
     {"strategies": ({"buy": 0.5, "sell": 0.4, "exits": NO_STOP},), "market": {"crash": (9, 0.42), "swing": 0.01}}),
    # emergencies
    ("daily-loss", {"max_daily_loss_while_held", "refused_emergency"},
     {"config": LIMITS["daily"], "market": WILD, "strategies": (eager(exits=NO_STOP),)}),
    ("daily-loss-when-flat", {"max_daily_loss", "trip_stop"},
     {"config": LIMITS["daily"], "market": WILD, "strategies": (eager(),)}),
    ("daily-loss-at-midnight", {"max_daily_loss", "emergency_at_midnight"},
     {"config": LIMITS["daily"], "market": WILD, "start": START_MS + 16 * HOUR_MS,
      "strategies": (eager(exits=NO_STOP),)}),
    ("loss-split-by-midnight", {"loss_split_by_midnight"},
     {"config": LIMITS["daily"], "market": {"swing": 0.008, "drift": -0.002}, "start": START_MS + 14 * HOUR_MS,
      "strategies": (eager(exits=NO_STOP),)}),
    ("daily-loss-over-midnight", {"max_daily_loss_while_held"},
     {"config": LIMITS["daily"], "market": WILD, "start": START_MS + 21 * HOUR_MS, "bars": (24, 36),
      "strategies": (eager(exits={"stop_loss": "0.2"} | TARGETS_ONLY | {"partial_targets": None}),)}),
    ("drawdown", {"max_drawdown_while_held"},
     {"config": trading(max_daily_loss="0.04", max_drawdown="0.05"), "timeframe": 4 * HOUR_MS, "bars": (24, 40),
      "market": {"swing": 0.012, "drift": -0.002}, "strategies": (eager(exits=NO_STOP),)}),
    ("emergency-cancels-entries", {"emergency_cancels"},
     {"config": {"trading": LIMITS["daily"]["trading"] | {"latency_ms": 2 * HOUR_MS}}, "market": WILD,
      "instruments": TWO, "strategies": (eager(limit=0.3, exits=NO_STOP, valid=(3, 8)),)}),
    ("flatten", {"flatten"},
     {"config": trading(max_daily_loss="0.02", emergency_shutdown={"flatten": True}), "market": WILD,
      "strategies": (eager(exits=NO_STOP), eager(exits=NO_STOP)), "instruments": TWO}),
    ("flatten-waits-for-volume", {"flatten_in_parts"},
     {"config": trading(max_daily_loss="0.02", emergency_shutdown={"flatten": True}), "market": WILD | THIN,
      "strategies": (eager(exits=NO_STOP, sell=0.0),), "bars": (24, 40)}),
    ("emergency-continue", {"entry_after_emergency"},
     {"config": LIMITS["daily"] | {"emergency": "continue"}, "market": WILD, "bars": (24, 36),
      "strategies": (eager(exits=NO_STOP),)}),
    ("emergency-continue-drawdown", {"entry_after_emergency", "max_drawdown"},
     {"config": DEEP | {"emergency": "continue"}, "market": {"swing": 0.012, "drift": -0.002}, "bars": (40, 55),
      "timeframe": 4 * HOUR_MS, "strategies": (eager(exits=NO_STOP),)}),
    ("emergency-continue-over-gap", {"accepted_in_a_gap"},
     {"config": LIMITS["daily"] | {"emergency": "continue"}, "market": WILD, "bars": (24, 36), "missing": 0.2,
      "gap": (2, 9), "strategies": (eager(exits=NO_STOP),)}),
    ("halved-by-d30", {"halved_by_d30"},
     {"config": LIMITS["drawdown"], "market": {"swing": 0.02, "drift": -0.006}, "timeframe": 4 * HOUR_MS,
      "bars": (24, 36), "strategies": (eager(sell=0.3, exits=NO_STOP),)}),
    ("d30-is-over", {"d30_is_over"},
     {**ONE_DAY, "config": LIMITS["drawdown"], "market": {"swing": 0.03, "drift": -0.01},
      "strategies": (eager(buy=0.25, sell=0.3, exits=STOP_ONLY),)}),
    ("d30-at-its-edge", {"d30_at_its_edge"},
     {**ONE_DAY, "config": LIMITS["drawdown"], "market": {"swing": 0.03, "drift": -0.01},
      "strategies": (eager(buy=0.6, sell=0.4, exits=STOP_ONLY),)}),
    ("daily-loss-accepted-deep", {"daily_loss_accepted_deep", "entry_after_emergency"},
     {"config": trading(max_daily_loss="0.08", max_drawdown="0.5") | {"emergency": "continue"}, "bars": (30, 40),
      "market": {"swing": 0.02, "drift": -0.01}, "strategies": (eager(sell=0.2, exits=NO_STOP),)}),
    # dca, portfolios
    ("dca", {"added"}, {"strategies": ({"kind": "dca"},), "timeframe": 4 * HOUR_MS, "bars": (24, 40)}),
    ("dca-with-exits", {"added", "three_trips"},
     {"strategies": ({"kind": "dca", "exits": {"stop_loss": "0.03", "trailing_percent": "0.02"}},), **ONE_DAY,
      "market": {"swing": 0.02}}),
    ("dca-with-targets", {"added", "partial_target"},
     {"strategies": ({"kind": "dca", "exits": {"partial_targets": THREE}},), **ONE_DAY, "market": {"swing": 0.02}}),
    ("dca-beside-others", {"added", "three_trips"},
     {"strategies": ({"kind": "dca", "share": "0.3"}, eager(sell=0.3)), "timeframe": 4 * HOUR_MS, "bars": (24, 40)}),
    ("dca-cooldown", {"partial_target", "refused_cooldown", "added"},
     {"strategies": ({"kind": "dca", "exits": {"partial_targets": THREE, "cooldown_bars": 3}},), **ONE_DAY,
      "market": {"swing": 0.015}}),
    ("dca-thin", {"added", "market_expired_part"},
     {"strategies": ({"kind": "dca", "fraction": "0.2"},), **ONE_DAY, "market": THIN}),
    ("portfolio", {"three_trips"},
     {"instruments": TWO, "strategies": (eager(sell=0.2), eager(on=[0], limit=0.1)), "wide": False, "market": WILD}),
    ("portfolio-of-three", {"three_trips", "limit_filled"},
     {"instruments": ({}, COARSE, {"fee_in": "base"}), "bars": (20, 26), "market": WILD,
      "strategies": (eager(sell=0.2), patient(on=[1, 2]), {"kind": "dca", "on": [0]})}),
    ("portfolio-in-bad-weather", {"three_trips", "market_expired", "dust_sold_along"},
     {"instruments": ({"fee_in": "base", "lot": "0.01"}, COARSE), "missing": 0.1, "bars": (25, 36),
      "config": trading(slippage="realistic", latency_ms=90 * MINUTE_MS), "market": WILD | THIN,
      "strategies": (eager(sell=0.2), patient(sell=0.2))}),
]
LARGE = ("many", {"three_trips"},
         {"instruments": ({}, COARSE, {"fee_in": "base"}, SMALL, {"lot": "0.1"}), "bars": (50, 60), "missing": 0.02,
          "market": WILD | THIN, "strategies": (eager(sell=0.2), patient(), eager(sell=0.3, on=[0, 3, 4]),
                                                {"kind": "dca", "on": [1]})})


def draw(name, number, aim, knobs):
    """The first history of this name and number that meets its aim; with its run."""
    for attempt in range(TRIES):
        rng = random.Random(f"{name}/{number}/{attempt}")
        drawn = {"name": f"{name}-{number}"} | history(rng, **knobs)
        run = Watched(drawn).run()
        if aim <= run.seen:
            return drawn, run
    sys.exit(f"{name}-{number}: none of {TRIES} histories met {sorted(aim)}")


def all_histories():
    for name, aim, knobs in FAMILIES:
        for number in range(1, EACH + 1):
            yield draw(name, number, aim, knobs)
    yield draw(LARGE[0], 1, *LARGE[1:])


def rounded(value):
    """Statistics with 11 digits: the last ones of an f64 depend on the machine's mathematics."""
    return float(f"{value:.11g}") if isinstance(value, float) else value


def line_of(drawn, run):
    answer = run.answer()
    answer["metrics"] = {k: rounded(v) for k, v in answer["metrics"].items()}
    answer["emergency"] = [e | {"value": rounded(e["value"])} for e in answer["emergency"]]
    return json.dumps(drawn | {"expected": answer}, separators=(",", ":"))


def all_lines():
    return b"".join(line_of(drawn, run).encode() + b"\n" for drawn, run in all_histories())


def write():
    with open(FILE, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(all_lines())
    print(f"{FILE}: {FILE.stat().st_size} bytes")


def check():
    """The text is compared, not its packing: another zlib may pack it otherwise."""
    made, kept = all_lines().splitlines(), gzip.decompress(FILE.read_bytes()).splitlines()
    other = [json.loads(a)["name"] for a, b in zip(made, kept) if a != b]
    if other or len(made) != len(kept):
        sys.exit(f"{FILE}: {len(kept)} histories, made {len(made)}; these differ: {other}")
    print(f"{FILE}: {len(kept)} histories, as made")


def count():
    met = collections.Counter(name for _, run in all_histories() for name in run.seen)
    for name, times in sorted(met.items()):
        print(f"{times:5} {name}")


if __name__ == "__main__":
    commands = {(): write, ("--check",): check, ("--count",): count}
    commands.get(tuple(sys.argv[1:]), lambda: sys.exit(__doc__))()

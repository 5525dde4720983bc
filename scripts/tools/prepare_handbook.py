"""Brings the handbook's simulated card transactions into the form of `benchmark_model.py`, by the published
protocol; judges scores by card precision.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from scripts.tools.benchmark_graphs import Past, write

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DATA = Path("../shared/data/handbook_simulated/transactions.parquet")
FIRST = np.datetime64("2018-04-01")
# days since then: the transactions that are nodes, the training week with its last two days for val, and the
# test week, which begins when the labels of train are known
HISTORY, TRAIN, VAL, TRAIN_END, TEST, END = 95, 115, 120, 122, 129, 136
DELAY = 7
_TOP = 100


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, help="folder of the graph")
    parser.add_argument("--judge", type=Path, help="scores that benchmark_model.py --scores wrote")
    options = parser.parse_args(argv)
    rows = read(options.data)
    if options.judge:
        print(json.dumps(judged(rows, options.judge), indent=1))
    if options.out:
        prepare(rows, options.out)
    return 0


def read(path: Path) -> dict[str, Floats]:
    """Columns in order of time: `day` and `at` (days since FIRST), customer, terminal, amount, fraud."""
    table = pq.read_table(path)
    moments = table["TX_DATETIME"].to_numpy().astype("datetime64[s]")
    at = (moments - FIRST.astype("datetime64[s]")).astype(np.float64) / 86_400
    named = {"customer": "CUSTOMER_ID", "terminal": "TERMINAL_ID", "amount": "TX_AMOUNT", "fraud": "TX_FRAUD"}
    columns = {name: table[column].to_numpy().astype(np.float64) for name, column in named.items()}
    columns |= {"at": at, "day": np.floor(at), "id": table["TRANSACTION_ID"].to_numpy().astype(np.float64)}
    order = np.lexsort((columns["id"], at))
    return {name: values[order] for name, values in columns.items()}


def tested(rows: dict[str, Floats]) -> Bools:
    """The test week without the cards that were known as compromised by then, as the handbook removes
    them.
    """
    out = np.zeros(len(rows["day"]), dtype=np.bool_)
    day, customer, fraud = rows["day"], rows["customer"], rows["fraud"] == 1
    for one in range(TEST, END):
        known = np.unique(customer[fraud & (day >= TRAIN) & (day < one - DELAY)])
        out |= (day == one) & ~np.isin(customer, known)
    return out


def prepare(rows: dict[str, Floats], folder: Path) -> None:
    """Write the graph: transactions of some weeks with their customers and terminals."""
    features = past_features(rows)
    kept = (rows["day"] >= HISTORY) & (rows["day"] < END)
    day, at = rows["day"][kept], rows["at"][kept]
    test = tested(rows)[kept]
    split = np.select(
        [(day >= TRAIN) & (day < VAL), (day >= VAL) & (day < TRAIN_END), test], ["train", "val", "test"], ""
    )
    ids = [f"t{one:.0f}" for one in rows["id"][kept]]
    customers = [f"c{one:.0f}" for one in rows["customer"][kept]]
    terminals = [f"m{one:.0f}" for one in rows["terminal"][kept]]
    others = [*dict.fromkeys(customers), *dict.fromkeys(terminals)]
    nothing = [None] * len(others)
    nodes: dict[str, object] = {
        "node_id": ids + others,
        "node_type": ["transaction"] * len(ids)
        + [{"c": "customer", "m": "terminal"}[one[0]] for one in others],
        "label": [*rows["fraud"][kept].astype(int).tolist(), *nothing],
        "split": [*(one or None for one in split.tolist()), *nothing],
        "at": [*at.tolist(), *nothing],
        "known_at": [*(at + DELAY).tolist(), *nothing],
        **{name: [*values[kept].tolist(), *nothing] for name, values in features.items()},
    }
    edges: list[dict[str, object]] = [
        {"src": ids, "dst": customers, "relation": ["paid_by"] * len(ids)},
        {"src": ids, "dst": terminals, "relation": ["paid_at"] * len(ids)},
    ]
    write(folder, nodes, edges)


def past_features(rows: dict[str, Floats]) -> dict[str, Floats]:
    """The handbook's own features, and what a customer's amounts and a terminal's known frauds were like: of
    earlier rows alone, labels a week late.
    """
    at, amount, fraud = rows["at"], rows["amount"], rows["fraud"]
    ones = np.ones(len(at))
    customer, terminal = Past(rows["customer"]), Past(rows["terminal"])
    out = {
        "x_amount": amount,
        "x_weekend": ((rows["day"] + 6) % 7 >= 5).astype(np.float64),  # 2018-04-01 was a Sunday
        "x_night": ((at % 1) <= 0.25).astype(np.float64),
    }
    for days in (1, 7, 30):
        count = customer.window(at, ones, days)
        out[f"x_customer_count_{days}d"] = count
        out[f"x_customer_amount_{days}d"] = _ratio(customer.window(at, amount, days), count)
        count = terminal.window(at, ones, days, DELAY)
        out[f"x_terminal_count_{days}d"] = count
        out[f"x_terminal_risk_{days}d"] = _ratio(terminal.window(at, fraud, days, DELAY), count)
    # What is usual of a customer, over everything before; how unusual the last payments were.
    mean, square = customer.mean(amount), customer.mean(amount**2)
    spread = np.sqrt(np.maximum(square - mean**2, 1.0))
    odd = (amount - mean) / spread
    out |= {"x_amount_odd": odd, "x_amount_times": amount / np.maximum(mean, 1.0), "x_customer_usual": mean}
    high = (np.nan_to_num(odd) > 3).astype(np.float64)
    for days in (3, 7, 14, 28):
        out[f"x_customer_high_{days}d"] = customer.window(at, high, days)
    largest = np.nan_to_num(odd).clip(0, 10)
    out["x_customer_oddness_14d"] = customer.window(at, largest, 14)
    for days in (3, 14):
        out[f"x_terminal_high_{days}d"] = terminal.window(at, high, days)
    # Frauds of a customer, known by now, and of a terminal: the last days that are known, and when they
    # began.
    for days in (3, 14, 21, 28):
        out[f"x_terminal_frauds_{days}d"] = terminal.window(at, fraud, days, DELAY)
        out[f"x_customer_frauds_{days}d"] = customer.window(at, fraud, days, DELAY)
    small = fraud * (amount < 220) * (high == 0)  # what neither the amount nor the customer explains
    for days in (3, 7, 21):
        out[f"x_terminal_unexplained_{days}d"] = terminal.window(at, small, days, DELAY)
    return out


def judged(rows: dict[str, Floats], scores: Path) -> dict[str, dict[str, float]]:
    """The mean card precision among the top 100 of each test day, by method: mean and standard deviation over
    seeds. A card that was found is not looked at again.
    """
    table = pq.read_table(scores)
    mine = tested(rows)
    ids = np.array([f"t{one:.0f}" for one in rows["id"][mine]])
    order = {name: place for place, name in enumerate(table["node_id"].to_pylist())}
    place = np.array([order[one] for one in ids])
    out: dict[str, list[float]] = {}
    for column in table.column_names[1:]:
        values = table[column].to_numpy()[place]
        found: set[float] = set()
        precision = []
        for day in range(TEST, END):
            now = rows["day"][mine] == day
            best: dict[float, tuple[float, float]] = {}
            for card, score, fraud in zip(rows["customer"][mine][now], values[now], rows["fraud"][mine][now]):
                if card not in found:
                    before = best.get(card, (-np.inf, 0.0))
                    best[card] = (max(before[0], score), max(before[1], fraud))
            top = sorted(best, key=lambda card: -best[card][0])[:_TOP]
            hit = {card for card in top if best[card][1] == 1}
            precision.append(len(hit) / _TOP)
            found |= hit
        out.setdefault(column.rpartition("_")[0], []).append(float(np.mean(precision)))
    return {
        method: {
            "card_precision_100": round(float(np.mean(values)), 4),
            "sd": round(float(np.std(values, ddof=1)) if len(values) > 1 else 0.0, 4),
        }
        for method, values in out.items()
    }


def _ratio(total: Floats, count: Floats) -> Floats:
    ratio = np.zeros(len(total))
    np.divide(total, count, out=ratio, where=count > 0)
    return ratio


if __name__ == "__main__":
    sys.exit(main())

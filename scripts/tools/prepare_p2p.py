"""Brings the payment platform into the form of `benchmark_model.py`: users at cuts in time, to be flagged in
the days after.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from scripts.tools.benchmark_graphs import write

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

DATA = Path("../shared/data/p2p_payment_fraud")
_EARLIER = 4  # cuts that are learned from, the last of them to validate
_KEPT = 0.25  # of the users of a cut to learn from who were not flagged after it
LINKS = {
    "USED": ("to_device_id", "deviceDate", "device"),
    "HAS_CC": ("to_card_id", "cardDate", "card"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cut", required=True, help="the users of this day are tested, ISO-8601")
    parser.add_argument("--horizon-days", type=int, default=90)
    parser.add_argument("--out", type=Path, required=True, help="folder of the graph")
    options = parser.parse_args(argv)
    cut = float(_days(np.array([options.cut], dtype="datetime64[D]"))[0])
    prepare(options.data, cut, options.horizon_days, options.out)
    return 0


def prepare(data: Path, cut: float, horizon: int, folder: Path) -> None:
    """A node for each user, with a label from the day of the first chargeback on, and one for each user at
    each cut, who is to be told: not flagged yet, flagged within the horizon or not.
    """
    users = pq.read_table(data / "User.parquet")
    user = users["id"].to_numpy()
    marked = _days(_dates(users["firstChargebackMtDate"]))
    flagged = np.where(users["fraudMoneyTransfer"].to_numpy() == 1, marked, np.inf)
    links = {name: _links(data / f"{name}.parquet", *columns) for name, columns in LINKS.items()}
    transfers = _links(data / "P2P.parquet", "to_user_id", "transactionDateTime", "user")
    dated = [
        *links.values(),
        transfers,
        {**transfers, "user": transfers["other"], "other": transfers["user"]},
    ]
    seen = _first_seen(user, dated)
    nodes: dict[str, list[Any]] = {
        name: [] for name in ("node_id", "node_type", "label", "split", "at", "known_at")
    }
    rows: list[dict[str, Floats]] = []
    edges = [_edges(one, name, horizon_cut=cut) for name, one in (*links.items(), ("P2P", transfers))]
    chance = np.random.default_rng(7)
    for step in range(_EARLIER, -1, -1):
        # Where a cut is learned from, its horizon ends before the tested one begins.
        moment = cut - step * horizon
        bad = (flagged >= moment) & (flagged < moment + horizon)
        there = (seen < moment) & (flagged >= moment)
        if step:
            there &= bad | (chance.random(len(user)) < (_KEPT if step > 1 else 1.0))
        chosen = np.flatnonzero(there)
        name = {0: "test", 1: "val"}.get(step, "train")
        nodes["node_id"] += [f"u{one}@{moment:.0f}" for one in user[chosen]]
        nodes["node_type"] += ["user at a cut"] * len(chosen)
        nodes["label"] += bad[chosen].astype(int).tolist()
        nodes["split"] += [name] * len(chosen)
        nodes["at"] += [moment] * len(chosen)
        nodes["known_at"] += [np.inf] * len(chosen)  # it is told by the user's own node, on its day
        rows.append(_own(user, chosen, dated, seen, moment))
        edges += [
            _of_cut(one, relation, user[chosen], moment)
            for relation, one in (*links.items(), ("P2P", transfers))
        ]
    _add_others(nodes, user, flagged, seen, links, cut)
    many = len(nodes["node_id"])
    features = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    write(
        folder,
        nodes
        | {name: [*values.tolist(), *[None] * (many - len(values))] for name, values in features.items()},
        edges,
    )


def _add_others(
    nodes: dict[str, list[Any]],
    user: Index,
    flagged: Floats,
    seen: Floats,
    links: dict[str, dict[str, Any]],
    cut: float,
) -> None:
    """Users as others see them, devices and cards."""
    marked = flagged < cut
    nodes["node_id"] += [f"u{one}" for one in user]
    nodes["node_type"] += ["user"] * len(user)
    nodes["label"] += [1 if one else None for one in marked]
    first = np.minimum(seen, flagged)
    nodes["at"] += np.where(np.isfinite(first), first, 0.0).tolist()
    nodes["known_at"] += [float(one) if one < cut else None for one in flagged]
    for name, (_, _, kind) in LINKS.items():
        ids = np.unique(links[name]["other"])
        nodes["node_id"] += [f"{kind}{one}" for one in ids]
        nodes["node_type"] += [kind] * len(ids)
        nodes["label"] += [None] * len(ids)
        nodes["at"] += [None] * len(ids)
        nodes["known_at"] += [None] * len(ids)
    nodes["split"] += [None] * (len(nodes["node_id"]) - len(nodes["split"]))


def _own(
    user: Index, chosen: Index, dated: list[dict[str, Any]], seen: Floats, moment: float
) -> dict[str, Floats]:
    """What a table without the graph knows of a user: how many devices, cards and transfers, and since
    when.
    """
    out: dict[str, Floats] = {"x_days": moment - seen[chosen]}
    place = {one: k for k, one in enumerate(user.tolist())}
    for name, one in zip(("devices", "cards", "sent", "received"), dated):
        rows = np.array([place[k] for k in one["user"].tolist()], dtype=np.int64)
        for days, word in ((1e9, ""), (30.0, "_30d"), (7.0, "_7d")):
            now = (one["at"] < moment) & (one["at"] >= moment - days)
            out[f"x_{name}{word}"] = np.bincount(rows[now], minlength=len(user))[chosen].astype(float)
        if "amount" in one:
            now = one["at"] < moment
            total = np.bincount(rows[now], one["amount"][now], len(user))[chosen].astype(float)
            out[f"x_{name}_amount"] = total
            out[f"x_{name}_mean"] = total / np.maximum(out[f"x_{name}"], 1.0)
        last = np.full(len(user), -np.inf)
        now = one["at"] < moment
        np.maximum.at(last, rows[now], one["at"][now])
        since = moment - last[chosen]
        out[f"x_{name}_since"] = np.where(np.isfinite(since), since, np.nan)
    return out


def _links(path: Path, other: str, when: str, kind: str) -> dict[str, Any]:
    table = pq.read_table(path)
    out = {
        "user": table["from_user_id"].to_numpy(),
        "other": table[other].to_numpy(),
        "at": _days(_dates(table[when])),
        "kind": "u" if kind == "user" else kind,
    }
    return out | ({"amount": table["totalAmount"].to_numpy()} if "totalAmount" in table.column_names else {})


def _edges(one: dict[str, Any], relation: str, horizon_cut: float) -> dict[str, object]:
    """The links before the last cut, between users and what they hold."""
    now = one["at"] < horizon_cut
    return {
        "src": [f"u{k}" for k in one["user"][now]],
        "dst": [f"{one['kind']}{k}" for k in one["other"][now]],
        "relation": [relation] * int(now.sum()),
        "at": one["at"][now],
    }


def _of_cut(one: dict[str, Any], relation: str, chosen: Index, moment: float) -> dict[str, object]:
    """The same links for the users at a cut; one with another user from both sides."""
    sides = [("user", "other")] + ([("other", "user")] if one["kind"] == "u" else [])
    pieces: dict[str, list[Any]] = {"src": [], "dst": [], "relation": [], "at": []}
    for mine, theirs in sides:
        now = (one["at"] < moment) & np.isin(one[mine], chosen)
        pieces["src"] += [f"u{k}@{moment:.0f}" for k in one[mine][now]]
        pieces["dst"] += [f"{one['kind']}{k}" for k in one[theirs][now]]
        pieces["relation"] += [f"{relation} of a cut{'' if mine == 'user' else ', received'}"] * int(
            now.sum()
        )
        pieces["at"] += one["at"][now].tolist()
    return dict(pieces)


def _first_seen(user: Index, dated: list[dict[str, Any]]) -> Floats:
    place = {one: k for k, one in enumerate(user.tolist())}
    seen = np.full(len(user), np.inf)
    for one in dated:
        np.minimum.at(seen, [place[k] for k in one["user"].tolist()], one["at"])
    return seen


def _dates(column: Any) -> npt.NDArray[np.datetime64]:
    return np.array([one[:19] for one in column.to_pylist()], dtype="datetime64[s]")


def _days(dates: npt.NDArray[np.datetime64]) -> Floats:
    return (dates - np.datetime64("2016-01-01")).astype("timedelta64[s]").astype(np.float64) / 86_400


if __name__ == "__main__":
    sys.exit(main())

"""What an assessment would ask of others if the frame lay in shards on so many machines, each person and each
identifier where a hash of the name says: rounds, machines, messages and bytes of real walks, and by them its
time. And how large the largest component is, whose people shards by component could not part.

A shard has a person's ties, applications with outcomes, labels, events and ring; an identifier's holders with
their number; a shop's or agent's latest applications. The subject's shard makes the answer. Of each step it
asks all at once: the holders of identifiers, then whatever there is of the people that were reached.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graph.facts.hubs import GUARD
from graph.facts.tables import KINDS, Column, Tables
from graph.frame.columns.layout import FILES
from graph.model.moments import moment
from graph.store.evidence import Evidence
from graph.store.walk import Bounds
from scripts.bench.frames.frozen_copy import frozen_copy, latest_subjects

SHARDS = (2, 4, 16, 64)
ROUNDS = 4  # the subject's identifiers; people one step away; their identifiers; people two steps away
_BYTES = {name: row.itemsize for name, (row, *_) in FILES.items()}
_PINGS, _MESSAGE = 20_000, 1_000


@dataclass
class Asked:
    """What one assessment reads: by round, the names that are asked for with the bytes that come back."""

    subject: str
    rounds: list[dict[str, int]] = field(default_factory=lambda: [{} for _ in range(ROUNDS)])

    def by_shard(self, shards: int) -> list[Counter[int]]:
        """Bytes of each round by the shard that is asked, without the subject's own."""
        home = shard_of(self.subject, shards)
        found = []
        for names in self.rounds:
            of_round: Counter[int] = Counter()
            for name, size in names.items():
                if (there := shard_of(name, shards)) != home:
                    of_round[there] += size
            found.append(of_round)
        return found


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="a SQLite store, which nobody writes to meanwhile")
    parser.add_argument("--folder", type=Path, default=Path("var/bench_shards"), help="where the copy goes")
    parser.add_argument("--assessments", type=int, default=2_000, help="how many (default 2000)")
    parser.add_argument(
        "--network-us",
        type=int,
        default=200,
        help="added to each measured round trip: what lies between two machines (default 200, assumed)",
    )
    options = parser.parse_args(arguments)
    with frozen_copy(options.store, options.folder) as frozen:
        with frozen.reading() as arrays:
            subjects = list(latest_subjects(arrays, options.assessments, frozen))
        asked = [
            asked_of(frozen.view(moment(as_of), frozen.revision).evidence_of(subject))
            for subject, as_of in subjects
        ]
        parts = components(frozen.view(moment(subjects[-1][1]), frozen.revision).tables())
    trips = round_trips()
    figures = {
        "assessments": len(asked),
        "components": parts,
        "loopback_us": _quantiles(trips * 1e6),
        "network_us": options.network_us,
        "by_shards": {
            str(shards): summary(asked, shards, trips + options.network_us / 1e6) for shards in SHARDS
        },
    }
    print(json.dumps(figures, indent=1))
    return 0


def asked_of(evidence: Evidence) -> Asked:
    """The names that an answer from shards asks for, each once, in the round in which it is known."""
    asked, graph = Asked(evidence.subject.node), evidence.graph
    first, people, second, last = asked.rounds
    near = set(graph.adj[evidence.subject.node])
    for node, data in graph.nodes(data=True):
        if data["type"] != "applicant":
            of = first if node in near else second
            of[node] = _BYTES["identifiers"] + min(data["holders"], Bounds().holders) * _BYTES["ties"]
        elif data["step"]:
            of = people if data["step"] == 1 else last
            of[node] = _person(evidence, node)
    application = evidence.subject.application
    for sort, place, there in (
        ("merchant", application and application.merchant_id, evidence.at_merchant),
        ("agent", application and application.agent_id, evidence.at_agent),
    ):
        if place:
            first[f"{sort}:{place}"] = len(there) * _BYTES["applications"]
    for other in (*evidence.at_merchant, *evidence.at_agent, *evidence.elsewhere):
        if (node := f"applicant:{other.applicant_id}") not in graph:
            people.setdefault(node, 0)
            people[node] += _BYTES["applications"] + _BYTES["outcomes"] * len(
                evidence.outcomes.get(other.application_id, ())
            )
    return asked


def _person(evidence: Evidence, node: str) -> int:
    who = node.partition(":")[2]
    loans = evidence.applications.get(who, ())
    return (
        _BYTES["people"]
        + _BYTES["ties"] * len(evidence.graph.adj[node])
        + sum(_BYTES["applications"] + _BYTES["mentions"] * len(loan.mentions) for loan in loans)
        + _BYTES["outcomes"] * sum(len(evidence.outcomes.get(loan.application_id, ())) for loan in loans)
        + _BYTES["labels"] * len(evidence.labels.get(who, ()))
    )


def shard_of(name: str, shards: int) -> int:
    """Where a name lies; the same on every machine."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) % shards


def summary(asked: Sequence[Asked], shards: int, trips: Column) -> Mapping[str, object]:
    """Of so many shards: what an assessment asks, its time on the way alone, and how uneven the load is."""
    lot = np.random.default_rng(1)
    rounds, machines, messages, sizes, times = [], [], [], [], []
    load: Counter[int] = Counter()
    for one in asked:
        of_rounds = [of_round for of_round in one.by_shard(shards) if of_round]
        rounds.append(len(of_rounds))
        machines.append(len(set().union(*of_rounds)))
        messages.append(sum(len(of_round) for of_round in of_rounds))
        sizes.append(sum(sum(of_round.values()) for of_round in of_rounds) / 1e3)
        times.append(sum(float(lot.choice(trips, len(of_round)).max()) for of_round in of_rounds) * 1e3)
        load.update(there for of_round in of_rounds for there in of_round)
    return {
        "rounds": _quantiles(rounds),
        "other_machines": _quantiles(machines),
        "messages": _quantiles(messages),
        "kb": _quantiles(sizes),
        "on_the_way_ms": _quantiles(times),
        "most_loaded_by_mean": round(max(load.values()) / (sum(load.values()) / shards), 2),
    }


def components(tables: Tables) -> Mapping[str, float]:
    """Of the graph that walks follow (values that link and are no hubs, and dealings): how many components,
    and the shares of all people in the largest and in the ten largest.
    """
    people, values = len(tables.applicant_ids), len(tables.identifiers["kind"])
    who, what = tables.ties["applicant"].astype(np.int64), tables.ties["identifier"].astype(np.int64)
    guards = np.array([GUARD.get(kind, 0) for kind in KINDS])[tables.identifiers["kind"]]
    walked = tables.identifiers["linking"] & (np.bincount(what, minlength=values) <= guards)
    a, b = tables.events["applicant"].astype(np.int64), tables.events["counterparty"].astype(np.int64)
    ends = np.r_[who[walked[what]], a[b >= 0]], np.r_[people + what[walked[what]], b[b >= 0]]
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(people + values,) * 2)
    of = connected_components(graph, directed=False)[1][:people]
    sizes = np.sort(np.unique(of, return_counts=True)[1])[::-1]
    return {
        "people": people,
        "components": len(sizes),
        "largest_share": round(float(sizes[0]) / people, 3),
        "ten_largest_share": round(float(sizes[:10].sum()) / people, 3),
    }


def round_trips() -> Column:
    """Seconds of each of _PINGS exchanges of _MESSAGE bytes between two threads of this machine over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        with socket.create_connection(server.getsockname()) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return np.array(list(_pinged(line)))


def _pinged(line: socket.socket) -> Iterator[float]:
    message = bytes(_MESSAGE)
    for _ in range(_PINGS):
        began = time.perf_counter()
        line.sendall(message)
        line.recv(_MESSAGE, socket.MSG_WAITALL)
        yield time.perf_counter() - began


def _echo(server: socket.socket) -> None:
    line, _ = server.accept()
    with line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while said := line.recv(_MESSAGE, socket.MSG_WAITALL):
            line.sendall(said)


def _quantiles(values: Sequence[float] | Column) -> Mapping[str, float]:
    return {f"p{q}": round(float(np.percentile(values, q)), 1) for q in (50, 90, 99)}


if __name__ == "__main__":
    sys.exit(main())

"""Parsing in a process of its own, a batch ahead of the one that writes: a large delivery then takes two cores."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import fields
from multiprocessing import get_context
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import Any

from graph.errors import RecordError, RingfenceError
from graph.model import Application, Event, Identifier, IdentifierKind, Mention, Role
from ingestion.batches import Batch, Problems, batches, few_collections
from ingestion.delivery import Delivery
from ingestion.door import Door
from ingestion.parse import Fact
from ingestion.readers import Record

_LARGE = 100_000  # rows from which on a second process is worth its start
_KINDS, _ROLES = tuple(IdentifierKind), tuple(Role)
_PACKED: dict[type, tuple[str, ...]] = {kind: tuple(f.name for f in fields(kind) if f.name != "mentions") for kind in (Application, Event)}
_TAKE = {kind: attrgetter(*names) for kind, names in _PACKED.items()}


def worth_a_process(delivery: Delivery, door: Door) -> bool:
    """Whether a delivery is large enough. While keys rotate the naming asks the store, so it stays in the process that has it."""
    return delivery.rows >= _LARGE and (os.cpu_count() or 1) > 1 and not door.naming.asks


def ahead(delivery: Delivery, feeds: Sequence[int], door: Door) -> Generator[Batch, None, None]:
    """The same as `batches`, from a process that starts fresh: it shares no connection and no thread with this one."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(delivery, tuple(feeds), door, sender), daemon=True)
    worker.start()
    sender.close()
    try:
        while True:
            message = pickle.loads(receiver.recv_bytes())
            if message is None:
                return
            yield _unpack(message)
    except EOFError as error:
        raise RingfenceError("the process that reads the delivery ended early") from error
    finally:
        receiver.close()
        worker.terminate()
        worker.join()


def _work(delivery: Delivery, feeds: Sequence[int], door: Door, sender: Connection) -> None:
    try:
        with few_collections():
            for batch in batches(delivery, feeds, door):
                sender.send_bytes(pickle.dumps(_pack(batch), pickle.HIGHEST_PROTOCOL))
        sender.send_bytes(pickle.dumps(None))
    except BrokenPipeError:
        pass  # the writer is gone, so there is nothing left to read for


def _pack(batch: Batch) -> tuple[Any, ...]:
    """Plain values, with each identifier once: a quarter of what pickling the facts themselves costs."""
    places: dict[tuple[str, str], int] = {}
    mentions: list[tuple[int, str, str, bool, int]] = []
    rows: list[Any] = []
    for fact in batch.facts:
        if not isinstance(fact, Application | Event):
            rows.append(fact)
            continue
        refs = []
        for mention in fact.mentions:
            token, role = mention.identifier.token, mention.role
            place = places.get((token, role))
            if place is None:
                place = places[token, role] = len(mentions)
                identifier = mention.identifier
                mentions.append((_KINDS.index(identifier.kind), token, identifier.masked, identifier.linking, _ROLES.index(role)))
            refs.append(place)
        rows.append((_TAKE[type(fact)](fact), refs))
    kind = type(batch.facts[0]) if batch.facts else None
    bad = [(record, [(p.field, p.code, p.message) for p in problems]) for record, problems in batch.bad]
    # The rows behind the facts are only asked for when some conflict: they travel as one sealed packet.
    good = pickle.dumps(batch.good(), pickle.HIGHEST_PROTOCOL)
    return batch.feed, batch.read, kind, mentions, rows, good, bad, dict(batch.unknown), dict(batch.seen)


def _unpack(message: tuple[Any, ...]) -> Batch:
    feed, read, kind, mentioned, rows, good, bad, unknown, seen = message
    problems: list[tuple[Record, Problems]] = [(record, tuple(RecordError(*p) for p in found)) for record, found in bad]
    facts: tuple[Fact, ...] = tuple(rows)
    if kind in _PACKED:
        names = _PACKED[kind]
        mentions = [Mention(Identifier(_KINDS[k], token, masked, linking), _ROLES[role]) for k, token, masked, linking, role in mentioned]
        facts = tuple(kind(**dict(zip(names, values, strict=True)), mentions=tuple([mentions[ref] for ref in refs])) for values, refs in rows)
    return Batch(feed=feed, read=read, facts=facts, good=lambda: pickle.loads(good), bad=problems, unknown=Counter(unknown), seen=Counter(seen))

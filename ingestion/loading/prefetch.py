"""Prefetch: parses in a second process, a batch ahead of the writer, so that a large delivery uses two
cores.
"""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, fields
from multiprocessing import get_context
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import Any, cast

from graph.model.errors import RecordError, RingfenceError
from graph.model.types import Application, Contact, Device, Event, Identifier, IdentifierKind, Mention, Role
from ingestion.loading.batches import ParsedBatch, Problems, batches, few_collections
from ingestion.loading.delivery import Delivery
from ingestion.parse import FACTS, Fact
from ingestion.parse_context import ParseContext
from ingestion.sources.rows import Record

_LARGE = 100_000  # rows from which on a second process is worth its start
_KINDS, _ROLES = tuple(IdentifierKind), tuple(Role)
_KIND_CODE, _ROLE_CODE = ({word: code for code, word in enumerate(words)} for words in (_KINDS, _ROLES))
_SAYS = ("mentions", "phone", "identifier")  # the fields of a fact that hold identifiers
_FIELDS: dict[type, tuple[str, ...]] = {
    kind: tuple(f.name for f in fields(kind) if f.name not in _SAYS) for kind in FACTS
}
_TAKE: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*names) for kind, names in _FIELDS.items()
}


def worth_a_process(delivery: Delivery, context: ParseContext) -> bool:
    """Whether a delivery is large enough. While keys rotate the naming asks the store, so it stays in the
    process that has it.
    """
    return delivery.rows >= _LARGE and (os.cpu_count() or 1) > 1 and not context.pseudonymiser.asks


def prefetch(
    delivery: Delivery, feeds: Sequence[int], parse_context: ParseContext, size: int
) -> Generator[ParsedBatch, None, None]:
    """The same as `batches`, from a process that starts fresh: it shares no connection and no thread with
    this one.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(
        target=_work, args=((delivery, tuple(feeds), parse_context, size), sender), daemon=True
    )
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


def _work(requested: tuple[Delivery, tuple[int, ...], ParseContext, int], sender: Connection) -> None:
    try:
        with few_collections():
            for batch in batches(*requested):
                sender.send_bytes(pickle.dumps(_pack(batch), pickle.HIGHEST_PROTOCOL))
        sender.send_bytes(pickle.dumps(None))
    except BrokenPipeError:
        pass  # the writer is gone, so there is nothing left to read for


@dataclass
class _Mentions:
    """The different mentions of a batch, numbered: a value that is named a thousand times travels once.

    They are told apart by `is`: the naming makes each once and repeats it. All of them are kept, so that no
    other one gets an old one's id.
    """

    places: dict[int, int] = field(default_factory=dict)
    kept: list[Mention] = field(default_factory=list)

    def place(self, mention: Mention) -> int:
        """Its number."""
        place = self.places.setdefault(id(mention), len(self.kept))
        if place == len(self.kept):
            self.kept.append(mention)
        return place

    def packed(self) -> list[tuple[int, str, str, bool, int]]:
        """As plain values, by number."""
        stated = ((m.identifier, _ROLE_CODE[m.role]) for m in self.kept)
        return [(_KIND_CODE[i.kind], i.token, i.masked, i.linking, role) for i, role in stated]


def _pack(batch: ParsedBatch) -> tuple[Any, ...]:
    """Plain values, with each mention once: a tenth of what pickling the facts themselves costs."""
    kind = type(batch.facts[0]) if batch.facts else None
    mentions = _Mentions()
    place = mentions.place
    rows: list[Any] = []
    if kind is not None:
        take = _TAKE[kind]
        if kind in (Application, Event):
            rows = [
                (take(fact), [place(m) for m in fact.mentions])
                for fact in cast(Sequence[Application | Event], batch.facts)
            ]
        elif kind is Contact:
            rows = [(take(fact), place(Mention(fact.phone))) for fact in cast(Sequence[Contact], batch.facts)]
        elif kind is Device:
            rows = [
                (take(fact), place(Mention(fact.identifier))) for fact in cast(Sequence[Device], batch.facts)
            ]
        else:
            rows = [take(fact) for fact in batch.facts]
    bad = [(record, [(p.field, p.code, p.message) for p in problems]) for record, problems in batch.bad]
    # The rows behind the facts are only asked for when some conflict: they travel as one sealed packet.
    good = pickle.dumps(_bare(batch.good()), pickle.HIGHEST_PROTOCOL)
    counts = dict(batch.unknown), dict(batch.identifier_counts), dict(batch.dropped), dict(batch.words)
    return batch.feed, batch.read, kind, mentions.packed(), rows, good, bad, *counts


def _bare(records: Sequence[Record]) -> list[tuple[int, tuple[str, ...], tuple[Any, ...], str]]:
    """Line, names, cells and part of each; the names of a table, which are the same in all rows, are one
    tuple.
    """
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    named = [(record, tuple(record.cells)) for record in records]
    return [
        (record.line, seen.setdefault(names, names), tuple(record.cells.values()), record.part)
        for record, names in named
    ]


def _unpack(message: tuple[Any, ...]) -> ParsedBatch:
    feed, read, kind, mentioned, rows, good, bad, unknown, seen, dropped, words = message
    problems: list[tuple[Record, Problems]] = [
        (record, tuple(RecordError(*p) for p in result)) for record, result in bad
    ]
    mentions = [
        Mention(Identifier(_KINDS[k], token, masked, linking), _ROLES[role])
        for k, token, masked, linking, role in mentioned
    ]
    return ParsedBatch(
        feed=feed,
        read=read,
        facts=tuple(_facts(kind, rows, mentions)) if rows else (),
        good=lambda: [
            Record(line, dict(zip(names, cells, strict=True)), part=part)
            for line, names, cells, part in pickle.loads(good)
        ],
        bad=problems,
        unknown=Counter(unknown),
        identifier_counts=Counter(seen),
        dropped=Counter(dropped),
        words=Counter(words),
    )


def _facts(kind: Callable[..., Fact], rows: list[Any], mentions: Sequence[Mention]) -> list[Fact]:
    names = _FIELDS[cast(type, kind)]
    if kind in (Application, Event):
        return [
            kind(**dict(zip(names, values)), mentions=tuple([mentions[place] for place in places]))
            for values, places in rows
        ]
    if kind is Contact:
        return [kind(**dict(zip(names, values)), phone=mentions[place].identifier) for values, place in rows]
    if kind is Device:
        return [
            kind(**dict(zip(names, values)), identifier=mentions[place].identifier) for values, place in rows
        ]
    return [kind(**dict(zip(names, values))) for values in rows]

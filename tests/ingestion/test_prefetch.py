"""What another process has parsed arrives as it was: every kind of fact, the rows behind it, and what was
wrong.
"""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from graph.model.errors import RecordError
from graph.model.types import Contact, Facts, IdentifierKind
from ingestion.loading.batches import ParsedBatch
from ingestion.loading.prefetch import _pack, _unpack
from ingestion.sources.rows import Record
from tests.support.small_worlds import day, random_facts, uses

FACTS = dataclasses.replace(
    random_facts(3),
    contacts=(Contact(applicant_id="ann", phone=uses("phone", "x").identifier, relation="self", at=day(3)),),
)


@pytest.mark.parametrize("table", [field.name for field in dataclasses.fields(Facts)])
def test_a_batch_comes_out_of_its_packet_as_it_went_in(table: str) -> None:
    facts = getattr(FACTS, table)
    rows = [Record(n + 1, {"a": str(n), "b": None} if n % 2 else {"b": 2.5}) for n in range(len(facts))]
    bad = [(Record(99, {}, "not_utf8"), (RecordError("", "not_utf8", "the row cannot be read"),))]
    seen = Counter({("phone", IdentifierKind.PHONE, "gaps"): 2})
    dropped = Counter({("amount", "unreadable_number"): 4})
    batch = ParsedBatch(
        feed=1, read=len(facts) + 1, facts=facts, good=lambda: rows, bad=bad, unknown=Counter(c=3),
        identifier_counts=seen, dropped=dropped,
            words=Counter({("status", "settled"): 2}),
    )  # fmt: skip
    after = _unpack(_pack(batch))
    assert facts
    assert after.facts == facts
    assert [getattr(fact, "mentions", ()) for fact in after.facts] == [
        getattr(fact, "mentions", ()) for fact in facts
    ]
    assert list(after.good()) == rows
    assert [(record, [str(p) for p in problems]) for record, problems in after.bad] == [
        (bad[0][0], [str(bad[0][1][0])])
    ]
    assert (after.feed, after.read, after.unknown, after.identifier_counts, after.dropped) == (
        1,
        len(facts) + 1,
        Counter(c=3),
        seen,
        dropped,
    )

"""An entry of the journal gives back every fact that went into it, to the last bit, and reads as arrays
without a copy.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.journal.decode import journal_entry
from graph.journal.encode import encode, encode_snapshot
from graph.journal.entry import DTYPES, EMPTY, EncodedEntry, decode, text
from graph.model.errors import StoreUnavailableError, StoreVersionError
from graph.model.types import (
    Application,
    Contact,
    Device,
    Event,
    Facts,
    Identifier,
    IdentifierKind,
    Label,
    LabelValue,
    Mention,
    Merchant,
    Outcome,
    OutcomeStatus,
    Platform,
    PlatformType,
    Role,
)
from tests.support.contracts.store_contract import a_snapshot
from tests.support.small_worlds import applies, day, fraud, known_as, random_facts, shuffled, uses

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
perhaps = st.none() | words
moments = st.datetimes(timezones=st.just(UTC))
numbers = st.none() | st.floats(allow_nan=False)
flags = st.none() | st.booleans()
whole = st.none() | st.integers(-(2**63) + 1, 2**63 - 1)
identifiers = st.builds(
    Identifier, st.sampled_from(IdentifierKind), words, st.text(max_size=4), st.booleans()
)
# One identifier has one form in a store: whoever names it names that one.
pools = st.lists(identifiers, min_size=1, max_size=5, unique_by=lambda i: i.node)
attributes = st.lists(st.tuples(words, words), max_size=2).map(tuple)


@st.composite
def facts_of_any_kind(draw: st.DrawFn) -> Facts:
    """A batch in which every optional thing may be missing, and people, words and identifiers come again."""
    pool = st.sampled_from(draw(pools))
    mentions = st.lists(st.builds(Mention, pool, st.sampled_from(Role)), max_size=4).map(tuple)
    applications = st.builds(
        Application, application_id=words, applied_at=moments, applicant_id=words, platform_id=words,
        product=perhaps, amount=numbers, term_months=whole, merchant_id=perhaps, agent_id=perhaps,
        channel=perhaps, face_match=numbers, liveness=numbers, phone_three_element=flags, birth_year=whole,
        city=perhaps, new_citizen=flags, mentions=mentions, attributes=attributes,
    )  # fmt: skip
    events = st.builds(
        Event, event_id=words, kind=words, at=moments, applicant_id=words, counterparty_id=perhaps,
        merchant_id=perhaps, amount=numbers, mentions=mentions, attributes=attributes,
    )  # fmt: skip
    about = st.builds(dict, application_id=words) | st.builds(dict, applicant_id=words)
    tables: dict[str, st.SearchStrategy[Any]] = {
        "applications": applications,
        "events": events,
        "outcomes": st.builds(Outcome, application_id=words, status=st.sampled_from(OutcomeStatus),
                              at=moments, amount=numbers),
        "labels": st.builds(
            lambda which, value, at, source,
            detail: Label(label=value, known_at=at, source=source, detail=detail, **which), about,
            st.sampled_from(LabelValue), moments, perhaps, perhaps,
        ),
        "platforms": st.builds(Platform, platform_id=words, type=st.sampled_from(PlatformType),
                               is_own=st.booleans()),
        "merchants": st.builds(Merchant, merchant_id=words, category=perhaps, city=perhaps,
                               opened_at=st.none() | moments),
        "contacts": st.builds(Contact, applicant_id=words, phone=pool, relation=perhaps, at=moments),
        "devices": st.builds(Device, identifier=pool, os=perhaps, model=perhaps, is_emulator=flags,
                             is_rooted=flags),
    }  # fmt: skip
    return Facts(**{name: tuple(draw(st.lists(table, max_size=4))) for name, table in tables.items()})


def shown(facts: Facts) -> list[tuple[str, str, bool]]:
    """How each identifier is shown and whether it links: what comparing identifiers leaves out."""
    named = [m.identifier for each in (*facts.applications, *facts.events) for m in each.mentions]
    named += [c.phone for c in facts.contacts] + [d.identifier for d in facts.devices]
    return [(i.node, i.masked, i.linking) for i in named]


@given(facts_of_any_kind())
@settings(max_examples=settings().max_examples * 2, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_lender_told_comes_back_as_it_was(facts: Facts) -> None:
    reported = journal_entry(7, decode(encode(facts)))
    assert (reported.revision, reported.facts, reported.snapshot) == (7, facts, None)
    assert shown(reported.facts) == shown(facts)


def test_a_small_world_comes_back_in_the_order_it_was_told_small_and_large_alike() -> None:
    for facts in (
        Facts(applications=(applies("ann", 1),)),
        random_facts(3),
        shuffled(random_facts(4, people=300), 1),
    ):
        assert journal_entry(1, decode(encode(facts))).facts == facts


@pytest.mark.parametrize("size", [3, 500])
def test_a_ring_snapshot_comes_back_to_the_last_bit(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    body = encode_snapshot(a_snapshot(20, size))
    reported = journal_entry(3, decode(body))
    assert (reported.revision, reported.facts, reported.snapshot) == (3, Facts(), a_snapshot(20, size))
    monkeypatch.setattr("graph.journal.entry._IN_MEMORY", 100)  # its text waits in a file
    assert encode_snapshot(a_snapshot(20, size)) == body


def test_an_identifier_is_shown_as_the_store_shows_it_and_not_as_a_later_batch_does() -> None:
    stored = Identifier(IdentifierKind.PHONE, "k1.x", "first", linking=False)
    later = Mention(Identifier(IdentifierKind.PHONE, "k1.x", "later"))
    facts = journal_entry(
        1, decode(encode(Facts(applications=(applies("ann", 1, later),)), {stored.node: stored}))
    ).facts
    assert shown(facts) == [("phone:k1.x", "first", False)]


def test_the_same_facts_are_the_same_bytes() -> None:
    assert encode(random_facts(5)) == encode(random_facts(5))


def test_rows_are_aligned_of_one_kind_and_cannot_be_written_to() -> None:
    for facts in (random_facts(6), Facts(applications=(applies("ann", 1),)), Facts()):
        for column, empty, kind in zip(decode(encode(facts)), EMPTY, DTYPES, strict=True):
            assert column.dtype == empty.dtype == kind
            assert column.flags.aligned
            assert column.flags.c_contiguous
            assert not column.flags.writeable


def test_each_text_and_each_identifier_is_there_once_and_mentions_lie_side_by_side() -> None:
    entry = decode(
        encode(
            Facts(
                applications=(
                    applies("ann", 1, uses("phone", "x"), uses("wifi", "w")),
                    applies("ann", 2, uses("wifi", "w")),
                )
            )
        )
    )
    texts = [text(entry, n) for n in range(len(entry.ends))]
    assert len(set(texts)) == len(texts)
    assert entry.applications["applicant"].tolist() == [texts.index("ann")] * 2
    assert entry.applications[["mention", "mentions"]].tolist() == [(0, 2), (2, 1)]
    assert entry.mentions["identifier"].tolist() == [0, 1, 1]
    assert [texts[n] for n in entry.identifiers["token"]] == ["k1.x", "k1.w"]


def test_whether_a_person_judged_is_worked_out_when_the_label_is_read() -> None:
    stated = (
        fraud("a1", 1),
        replace(fraud("a2", 1), source="rule engine"),
        replace(fraud("a3", 1), source=None),
        replace(fraud("a4", 2), source="复核"),
    )
    assert decode(encode(Facts(labels=stated))).labels["by_person"].tolist() == [1, 0, 0, 1]


def test_bytes_of_something_else_or_of_a_later_release_are_refused() -> None:
    data = encode(Facts(applications=(applies("ann", 1),)))
    for bad in (b"", b"RFJE", b"PK\x03\x04" + data[4:]):
        with pytest.raises(StoreUnavailableError, match="bring its backup back"):
            decode(bad)
    with pytest.raises(StoreVersionError, match="release that wrote it"):
        decode(data[:4] + (9).to_bytes(2, "little") + data[6:])


def test_an_entry_of_nothing_has_no_rows() -> None:
    entry = decode(encode(Facts()))
    assert isinstance(entry, EncodedEntry)
    assert [len(column) for column in entry] == [0] * len(DTYPES)
    assert np.array_equal(entry.heap, EMPTY.heap)


def test_a_moment_of_any_year_keeps_its_microseconds() -> None:
    at = day(3) + timedelta(microseconds=1)
    facts = Facts(
        contacts=(Contact(applicant_id="ann", phone=known_as("phone", "x"), relation="self", at=at),)
    )
    assert journal_entry(1, decode(encode(facts))).facts.contacts[0].at == at

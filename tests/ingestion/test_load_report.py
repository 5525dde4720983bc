"""What a load says of itself: events that repeat, facts about nobody, identifiers that link and do not, and
columns that cannot be right.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.loading.batches import batches
from ingestion.loading.delivery import open_delivery
from ingestion.loading.prefetch import prefetch
from ingestion.parse import event
from tests.support.deliveries import APPLICATION, NOW, deliver, load_into, parse_context
from tests.support.stores import open_store

WITHDRAWAL = {"kind": "withdrawal", "at": "2025-06-02T08:00:00+08:00", "applicant_id": "U1", "amount": "100"}
LABEL = {"application_id": "", "applicant_id": "", "label": "fraud", "known_at": "2025-07-01"}


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "graph.db") as store:
        yield store


# -- events without an id


def test_events_without_an_id_that_repeat_within_a_moment_are_not_the_same_event(tmp_path, store):
    other = {**WITHDRAWAL, "applicant_id": "U2"}
    folder = deliver(
        tmp_path / "delivery",
        events=[WITHDRAWAL, other, WITHDRAWAL, {**WITHDRAWAL, "amount": "7"}, WITHDRAWAL],
    )
    tally = load_into(store, folder).tables["events"]
    assert (tally.accepted, tally.known) == (5, 0)
    assert sorted(event.amount for event in store.view(NOW).events_of(["U1"])["U1"]) == [
        7.0,
        100.0,
        100.0,
        100.0,
    ]
    tally = load_into(store, folder).tables["events"]
    assert (tally.accepted, tally.known) == (0, 5), "the same delivery again adds nothing"


def test_repeated_events_are_counted_across_the_batches_and_the_files_of_a_delivery(tmp_path, store):
    store.batch = 3
    folder = deliver(tmp_path / "delivery")
    for part in range(2):
        deliver(folder / "events", platforms=[WITHDRAWAL] * 5)
        (folder / "events" / "platforms.csv").rename(folder / "events" / f"part-{part}.csv")
    assert load_into(store, folder).tables["events"].accepted == 10
    assert load_into(store, folder).tables["events"].known == 10


def test_a_load_that_was_cut_short_among_repeated_events_ends_as_if_it_had_run_once(tmp_path, store):
    folder = deliver(tmp_path / "delivery", events=[WITHDRAWAL] * 10)
    store.batch = 4
    taken, add = [], store.add

    def add_once(facts):
        if taken:
            raise KeyboardInterrupt
        taken.extend(facts.events)
        return add(facts)

    store.add = add_once
    with pytest.raises(KeyboardInterrupt):
        load_into(store, folder)
    store.add = add
    tally = load_into(store, folder).tables["events"]
    assert tally.accepted + tally.known == 10
    assert store.counts()["events"] == 10


def test_a_process_of_its_own_gives_repeated_events_the_same_ids(tmp_path):
    delivery = open_delivery(deliver(tmp_path / "delivery", events=[WITHDRAWAL] * 7))
    (feed,) = [n for n, feed in enumerate(delivery.feeds) if feed.table.name == "events"]
    here, there = (
        [e.event_id for batch in read(delivery, [feed], parse_context(), 3) for e in batch.facts]
        for read in (batches, prefetch)
    )
    assert here == there
    assert len(set(here)) == 7


def test_a_longer_export_of_the_same_moment_adds_what_is_new_in_it(tmp_path, store):
    load_into(store, deliver(tmp_path / "monday", events=[WITHDRAWAL] * 2))
    tally = load_into(store, deliver(tmp_path / "tuesday", events=[WITHDRAWAL] * 3)).tables["events"]
    assert (tally.accepted, tally.known) == (1, 2)


@given(
    st.lists(
        st.sampled_from([WITHDRAWAL, {**WITHDRAWAL, "amount": "7"}, {**WITHDRAWAL, "applicant_id": "U2"}]),
        max_size=30,
    ),
    st.randoms(),
)
def test_every_row_without_an_id_is_an_event_of_its_own_in_any_order(rows, random):
    def ids(told):
        here = parse_context()
        return [event(row, here).event_id for row in told]

    result = ids(rows)
    assert len(set(result)) == len(rows)
    assert set(ids(random.sample(rows, len(rows)))) == set(result)
    assert set(ids(rows[: len(rows) // 2])) <= set(result), "a shorter export holds nothing else"


# -- facts about nobody


def test_facts_about_nobody_are_named_and_count_when_the_application_comes(tmp_path, store):
    tables = {
        "labels": [
            {**LABEL, "application_id": "A7"},
            {**LABEL, "applicant_id": "U9"},
            {**LABEL, "application_id": "A1"},
        ],
        "outcomes": [{"application_id": "A7", "status": "disbursed", "at": "2025-06-02"}],
        "events": [{**WITHDRAWAL, "applicant_id": "U9"}, WITHDRAWAL],
        "contacts": [
            {"applicant_id": "U9", "phone": "15073157065", "relation": "friend", "at": "2025-06-02"}
        ],
    }
    report = load_into(store, deliver(tmp_path / "delivery", applications=[APPLICATION], **tables)).as_json()
    assert report["unmatched"] == 5
    assert report["unmatched_facts"] == {
        "contacts": {"facts": 1, "ids": ["U9"]},
        "events": {"facts": 1, "ids": ["U9"]},
        "outcomes": {"facts": 1, "ids": ["A7"]},
        "labels": {"facts": 2, "ids": ["A7", "U9"]},
    }
    assert (report["accepted"], report["rejected"]) == (9, 0), "they are kept"
    later = {**APPLICATION, "application_id": "A7", "applicant_id": "U9"}
    assert (
        load_into(store, deliver(tmp_path / "later", applications=[later], **tables)).as_json()["unmatched"]
        == 0
    )
    view = store.view(NOW)
    assert len(view.labels_of(["U9"])["U9"]) == 2
    assert len(view.outcomes_of(["A7"])["A7"]) == 1
    assert int(view.tables().labels["fraud"].sum()) == 3


def test_on_a_payment_platform_without_applications_people_are_known_by_their_events(tmp_path, store):
    folder = deliver(
        tmp_path / "delivery",
        events=[WITHDRAWAL],
        labels=[{**LABEL, "applicant_id": "U1"}, {**LABEL, "applicant_id": "U404"}],
    )
    assert load_into(store, folder).as_json()["unmatched_facts"] == {
        "events": {"facts": 0, "ids": []},
        "labels": {"facts": 1, "ids": ["U404"]},
    }


# -- identifiers

# Luhn's sum is right for one in ten, as for any numbers
TOKENS = [f"62{n:02d}8320656743154" for n in range(10, 100)]


def cards(values):
    rows = [
        {**APPLICATION, "application_id": f"A{n}", "applicant_id": f"U{n}", "bank_card": card}
        for n, card in enumerate(values)
    ]
    return [
        {
            name: row[name]
            for name in ("application_id", "applied_at", "applicant_id", "platform_id", "bank_card")
        }
        for row in rows
    ]


def test_the_figures_say_of_each_kind_how_many_link_and_why_the_others_do_not(tmp_path, store):
    good = APPLICATION["bank_card"]
    rows = cards([good, good, good[:-1] + "6", "0000000000000000", ""])
    rows[0]["phone"], rows[1]["contact_phone_1"] = "15073157065", "18770190549"
    report = load_into(store, deliver(tmp_path / "delivery", applications=rows)).as_json()
    assert report["identifiers"] == {
        "bank_card": {"link": 2, "do_not_link": 2, "why": {"check_failed": 1, "placeholder": 1}},
        "phone": {"link": 2, "do_not_link": 0, "why": {}},
    }
    assert report["doubtful_columns"] == []


def test_a_column_most_of_which_fails_its_check_is_named_with_the_setting_that_helps(tmp_path, store):
    report = load_into(store, deliver(tmp_path / "delivery", applications=cards(TOKENS)))
    (doubt,) = report.column_warnings
    assert (doubt.table, doubt.column, doubt.kind, doubt.values) == (
        "applications",
        "bank_card",
        "bank_card",
        90,
    )
    assert 70 <= doubt.failed < 90
    assert "`tokens: true`" in report.as_json()["doubtful_columns"][0]["says"]


def test_a_few_wrong_ones_and_a_column_of_placeholders_are_no_doubt(tmp_path, store):
    good = APPLICATION["bank_card"]
    rows = cards([good] * 6 + [good[:-1] + "6"] * 4 + ["0000000000000000"] * 90)
    assert load_into(store, deliver(tmp_path / "delivery", applications=rows)).column_warnings == ()

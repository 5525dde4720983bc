"""Anyone's tables come in through a mapping, without code; the three real sets do, and say what was published
about them.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from graph.facts.tables import KINDS
from graph.model.errors import DeliveryError
from graph.model.types import IdentifierKind, LabelValue, Role
from ingestion.contract import TABLES
from ingestion.loading.delivery import open_delivery
from ingestion.loading.load import load
from ingestion.mappings.mapping import read_mapping, shipped
from ingestion.parse import PARSERS
from tests.support.deliveries import (
    APPLICATION,
    NOW,
    deliver,
    load_into,
    parse_context,
    write_csv,
    write_jsonl,
    write_parquet,
)
from tests.support.stores import open_store

DATA = Path(__file__).parents[3] / "shared" / "data"

FOREIGN = """
name: neighbours
timezone: UTC
tables:
  - table: platforms
    rows: [{platform_id: shop, type: leasing, is_own: false}]
  - table: applications
    source: loans.csv
    where:
      - {column: state, is_not: test}
      - {column: branch, in: [north, 7]}
    constants: {platform_id: shop, product: cash}
    columns:
      application_id: {column: no, prefix: "L-"}
      applied_at: {column: when, time: epoch_s}
      applicant_id: person
      phone: {column: mobile_md5, hashed: md5}
      phone_three_element: {column: checked, values: {"ja": true, "nein": false}}
    identifiers:
      - {column: second_device, kind: device}
      - {column: boss_phone, kind: phone, role: employer}
    attributes: {branch: branch, colour: favourite_colour}
  - table: labels
    source: loans.csv
    where: [{column: state, is: bad}]
    constants: {label: fraud}
    columns:
      application_id: {column: no, prefix: "L-"}
      known_at: {column: when, time: epoch_s, plus_days: 7}
  - table: merchants
    source: shops.parquet
    columns: {merchant_id: key, opened_at: {column: since, time: "%d.%m.%Y"}}
"""
LOAN = {
    "no": "1",
    "when": "1748772000",
    "person": "p1",
    "mobile_md5": "0123456789abcdef0123456789abcdef",
    "checked": "ja",
    "state": "ok",
}
LOAN |= {
    "branch": "north",
    "second_device": "c2ff614802a7f339",
    "boss_phone": "0731-66352373",
    "favourite_colour": "green",
    "shoe_size": "43",
}


def foreign(folder: Path, mapping: str = FOREIGN) -> Path:
    folder.mkdir()
    rows = [
        LOAN,
        {**LOAN, "no": "2", "state": "bad", "branch": "7"},
        {**LOAN, "no": "3", "state": "test"},
        {**LOAN, "no": "4", "branch": "south"},
    ]
    write_csv(folder / "loans.csv", rows)
    write_parquet(folder / "shops.parquet", [{"key": 7, "since": "24.12.2020"}])
    (folder / "notes.txt").write_text("not a table")
    (folder / "mapping.yaml").write_text(mapping)
    return folder


def test_foreign_tables_become_ours(tmp_path):
    with open_store(tmp_path / "graph.db") as store:
        report = load_into(store, foreign(tmp_path / "delivery"))
        assert {name: tally.accepted for name, tally in report.tables.items()} == {
            "platforms": 1,
            "merchants": 1,
            "applications": 2,
            "labels": 1,
        }
        view = store.view(NOW)
        loan, other = view.application("L-1"), view.application("L-2")
        assert loan.applied_at == datetime(2025, 6, 1, 10, tzinfo=UTC)
        assert (loan.platform_id, loan.product, loan.phone_three_element) == ("shop", "cash", True)
        assert loan.attributes == (("branch", "north"), ("colour", "green"))
        assert {(m.identifier.kind, m.role) for m in loan.mentions} == {
            (IdentifierKind.PHONE, Role.OWN), (IdentifierKind.DEVICE, Role.OWN),
            (IdentifierKind.PHONE, Role.EMPLOYER),
        }  # fmt: skip
        (label,) = view.labels_of(["p1"])["p1"]
        assert (label.application_id, label.label, label.known_at) == (
            other.application_id,
            LabelValue.FRAUD,
            datetime(2025, 6, 8, 10, tzinfo=UTC),
        )
        assert view.merchants_of(["7"])["7"].opened_at == datetime(2020, 12, 24, tzinfo=UTC)
    assert report.unknown_columns["applications"] == {"shoe_size": 2}
    assert report.left_out == ("notes.txt",)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("source: loans.csv", "source: lons.csv", "lons.csv is missing"),
        ("applicant_id: person", "applicant_id: persons", "persons"),
        ("      applicant_id: person\n", "", "nothing feeds applicant_id"),
        ("table: labels", "table: label", "unknown table 'label'"),
        ("is_not: test", "isnt: test", "isnt"),
        ("time: epoch_s}", "tme: epoch_s}", "unknown tme"),
        ("kind: device", "kind: divice", "divice"),
        ("timezone: UTC", "timezone: [", "not YAML"),
        ("timezone: UTC", "timezone: Mars", "unknown time zone"),
        ("column: branch, in: [north, 7]", "column: branch, in: north", "takes a list"),
        ("colour: favourite_colour", "colour: favorite_color", "favorite_color"),
        ("time: epoch_s}", "time: epoch_weeks}", "column applied_at: 'epoch_weeks' is no form of a time"),
        ("time: epoch_s}", "time: epoch_s from yesterday}", "no form of a time"),
        ('time: "%d.%m.%Y"', 'time: "%Q"', "no form of a time"),
        ("plus_days: 7", "plus_days: nan", "'nan' is no number of days"),
        ("plus_days: 7", "plus_days: 1e99", "'1e99' is no number of days"),
        ("source: loans.csv", 'source: ""', "needs either a `source` file or `rows`"),
        (
            "constants: {platform_id: shop",
            "constants: {platform_id: null",
            "column platform_id, constant: 'null' says nothing",
        ),
        (
            "{platform_id: shop, type: leasing, is_own: false}",
            "{platform_id: NULL, type: leasing}",
            "'NULL' says nothing",
        ),
        ("hashed: md5", 'prefix: "+86"', "column phone: is no id"),
        ("plus_days: 7", "plus_days: many", "'many' is no number of days"),
        ("hashed: md5", "hashed: [md5]", "`hashed` must be a text"),
        ('values: {"ja": true, "nein": false}', "values: ja", "`values` must be their words and ours"),
        ("applicant_id: person", "applicant_id: [person]", "`column` must be a text"),
        ('prefix: "L-"', "prefix: [L]", "`prefix` must be a text"),
        (
            "constants: {label: fraud}",
            "constants: {label: bad}",
            "column label, constant: 'bad' is none of fraud, good",
        ),
        ("constants: {label: fraud}", "constants: {label: fraud, label: good}", "label is given twice"),
        ("source: loans.csv", "source: {a: loans.csv}", "`source` must be a text"),
        ("source: loans.csv", "source: [loans.csv, [a]]", "`source` must be a text"),
        ("source: loans.csv", "source: [loans.csv, lons.csv]", "lons.csv is missing"),
        ("source: loans.csv", 'source: "loans_*.csv"', "loans_.*.csv is missing"),
        ("source: loans.csv", "source: ../loans.csv", "no name of a file within the delivery"),
        (
            "source: loans.csv",
            "source: loans.csv\n    encoding: klingon",
            "unknown `encoding` 'klingon'; there are utf-8, gb18030",
        ),
        ("source: loans.csv", "source: loans.csv\n    delimiter: ab", "a `delimiter` is one sign"),
        ("source: loans.csv", "source: loans.csv\n    delimiter: tab", "two tables read it with different"),
        ("is_not: test", "at_least: plenty", "where 1: 'plenty' is neither a number nor a time"),
        (
            "applicant_id: person",
            "applicant_id: {first_of: [person]}",
            "`first_of` lists two columns or more",
        ),
        (
            "applicant_id: person",
            "applicant_id: {first_of: [person, {column: no, kind: name}]}",
            "number 2 of first_of: the kind 'name' is none of",
        ),
        ("applicant_id: person", "applicant_id: {columns: [person]}", "two or more `columns`"),
        ("hashed: md5", "country: Utopia", "'Utopia' is no country; two letters are"),
        ("hashed: md5", "hashed: md5, country: VN", "what is hashed, or a token, is not rewritten"),
        ("hashed: md5", "as: integer", "column phone: is no IP address"),
        ("hashed: md5", "kind: phone", "only an id and a year of birth"),
        ('prefix: "L-"', "times: 2", "column application_id: is no number"),
        ("time: epoch_s}", "columns: [when, no]}", "one `column`, or two or more `columns`"),
        (
            "applicant_id: person",
            "applicant_id: person\n      birth_year: {column: no, kind: phone}",
            "the kind 'phone' is none of national_id",
        ),
        (
            "applicant_id: person",
            "applicant_id: person\n      amount: {column: no, times: -1}",
            "`times` is a number above nought",
        ),
        (
            "      - {column: state, is_not: test}\n      - {column: branch, in: [north, 7]}",
            "      {column: state, is_not: test}",
            "`where` must be a list",
        ),
        ("is_not: test", "is_not: [test]", "`is_not` must be a text"),
        ("type: leasing", "type: leesing", "row 1, type: 'leesing' is none of bank_traditional"),
        ("is_own: false", "is_own: perhaps", "row 1, is_own: 'perhaps' must be true, false"),
        ("is_own: false", "is_ours: false", "unknown is_ours"),
        (
            "{platform_id: shop, type: leasing, is_own: false}",
            "{type: leasing}",
            "row 1: platform_id is required",
        ),
        (
            'values: {"ja": true, "nein": false}',
            'values: {"ja": yep, "nein": false}',
            "phone_three_element, values: 'yep' must be true, false",
        ),
        (
            "product: cash}",
            "product: cash, amount: much}",
            "column amount, constant: 'much' must be a number",
        ),
        ("constants: {label: fraud}", "constants: {label: fraud, detail: [a]}", "`constant` must be a text"),
        ("role: employer", "role: boss", "the role 'boss' is none of own, contact, employer"),
        ("kind: device", "kind: handset", "the kind 'handset' is none of national_id, phone"),
        (
            "    identifiers:",
            "    tokens: [amount]\n    identifiers:",
            "`tokens` names amount; identifiers are phone, second_device",
        ),
        ("hashed: md5", "hashed: md5, tokens: true", "either `hashed` or `tokens`"),
        ("hashed: md5", "tokens: perhaps", "`tokens` is true or false"),
        (
            "    attributes: {branch: branch, colour: favourite_colour}",
            "    attributes: branch",
            "`attributes` must be a list",
        ),
        ("name: neighbours", "name: [a]", "`name` must be a text"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_and_names_the_place(tmp_path, old, new, says):
    assert old in FOREIGN
    with pytest.raises(DeliveryError, match=says):
        open_delivery(foreign(tmp_path / "delivery", FOREIGN.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("table", "column", "word", "known"),
    [
        ("outcomes", "status", "settled", "approved, rejected"),
        ("labels", "label", "bad", "fraud, good"),
        ("platforms", "type", "casino", "bank_traditional"),
        ("contacts", "relation", "boss", "self, spouse"),
        ("events", "kind", "two words", "a word of letters"),
    ],
)
def test_a_word_that_a_mapping_makes_of_others_is_one_that_we_know(tmp_path, table, column, word, known):
    names = {c.name: c.name for c in TABLES[table].columns}
    for reported in (
        {"columns": names | {column: {"column": "x", "values": {"1": word}}}},
        {"columns": names, "constants": {column: word}},
    ):
        (tmp_path / "mapping.yaml").write_text(
            json.dumps({"tables": [{"table": table, "source": "x.csv", **reported}]})
        )
        with pytest.raises(
            DeliveryError, match=f"table 1 .{table}., column {column}, (values|constant): '{word}' .*{known}"
        ):
            read_mapping(tmp_path / "mapping.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tables: &all\n  - {table: labels}\nname: *all\n", "anchors and aliases"),
        ("tables: " + "[" * 60 + "]" * 60, "nested more than"),
        ("tables: []", "at least one table"),
    ],
)
def test_a_mapping_that_grows_or_says_nothing_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mapping.yaml").write_text(text)
    with pytest.raises(DeliveryError, match=said):
        read_mapping(tmp_path / "mapping.yaml")


def test_a_constant_stands_in_for_an_empty_cell_and_for_a_missing_column(tmp_path):
    folder = deliver(tmp_path / "delivery")
    rows = [
        {"who": "U1", "at": "2025-06-02", "what": "login"},
        {"who": "U2", "at": "2025-06-02", "what": ""},
        {"who": "U3", "at": "2025-06-02", "what": "NULL"},
    ]
    write_csv(folder / "log.csv", rows)
    names = {
        "applicant_id": "who",
        "at": "at",
        "kind": {"column": "what", "constant": "device_use"},
        "amount": {"column": "paid", "constant": "7"},
    }
    (folder / "mapping.yaml").write_text(
        json.dumps({"tables": [{"table": "events", "source": "log.csv", "columns": names}]})
    )
    with open_store(tmp_path / "graph.db") as store:
        load_into(store, folder)
        result = store.view(NOW).events_of(["U1", "U2"])
    assert [(event.kind, event.amount) for events in result.values() for event in events] == [
        ("login", 7.0),
        ("device_use", 7.0),
    ]


def test_a_condition_finds_the_whole_number_that_a_data_frame_wrote(tmp_path):
    folder = tmp_path / "delivery"
    folder.mkdir()
    write_csv(
        folder / "cards.csv",
        [{"who": f"U{n}", "isFraud": word} for n, word in enumerate(("1.0", "0.0", "", "1", "2.0", "1.5"))],
    )
    at = {
        "columns": {"applicant_id": "who"},
        "constants": {"label": "fraud", "known_at": "2025-07-01"},
        "table": "labels",
        "source": "cards.csv",
    }
    for test, given, result in (
        ("is", "1", 2),
        ("is", "1.0", 2),
        ("is_not", "1", 4),
        ("in", ["1", "2"], 3),
        ("not_in", ["0", "1.00"], 3),
        ("is", "", 1),
    ):
        (folder / "mapping.yaml").write_text(
            json.dumps({"tables": [at | {"where": [{"column": "isFraud", test: given}]}]})
        )
        with open_store(tmp_path / f"{test}-{given}.db") as store:
            assert load_into(store, folder).tables["labels"].accepted == result, (test, given)


def test_a_condition_that_no_row_meets_is_named(tmp_path):
    folder = deliver(tmp_path / "delivery")
    write_csv(folder / "cards.csv", [{"who": "U1", "state": "bad"}])
    at = {
        "columns": {"applicant_id": "who"},
        "constants": {"label": "fraud", "known_at": "2025-07-01"},
        "table": "labels",
        "source": "cards.csv",
    }
    tables = [at | {"where": [{"column": "state", "is": word}]} for word in ("bad", "Bad")]
    (folder / "mapping.yaml").write_text(json.dumps({"tables": tables}))
    with open_store(tmp_path / "graph.db") as store:
        report = load_into(store, folder)
    assert (report.tables["labels"].accepted, report.filtered_out) == (1, ("labels (cards.csv)",))


@pytest.mark.parametrize("how", ["column", "table", "identifier"])
def test_tokens_are_trusted_without_a_check_and_are_no_numbers_of_the_same_digits(tmp_path, how):
    wrong = "6214832065674315436"  # as a card it fails Luhn's sum
    folder = deliver(tmp_path / "delivery")
    cards = [wrong, wrong, "0000000000000000", "tok_8f1e22aa90"]
    rows = [
        {**APPLICATION, "application_id": f"A{n}", "applicant_id": f"U{n}", "bank_card": card}
        for n, card in enumerate(cards)
    ]
    write_csv(folder / "applications.csv", rows)
    table = {"table": "applications", "source": "applications.csv"}
    names = {name: name for name in APPLICATION}
    table |= {
        "column": {"columns": names | {"bank_card": {"column": "bank_card", "tokens": "true"}}},
        "table": {"tokens": ["bank_card"]},
        "identifier": {
            "columns": {k: v for k, v in names.items() if k != "bank_card"},
            "identifiers": [{"column": "bank_card", "kind": "bank_card", "tokens": "true"}],
        },
    }[how]
    (folder / "mapping.yaml").write_text(
        json.dumps({"tables": [{"table": "platforms", "source": "platforms.csv"}, table]})
    )
    with open_store(tmp_path / "graph.db") as store:
        plain = deliver(
            tmp_path / "plain", applications=[{**rows[0], "application_id": "A9", "applicant_id": "U9"}]
        )
        load_into(store, plain)  # the same digits as a card: unverified, and the store keeps that
        report = load_into(store, folder).as_json()
        assert report["identifiers"]["bank_card"] == {"link": 3, "do_not_link": 1, "why": {"placeholder": 1}}
        view = store.view(NOW)
        (card,) = [
            m.identifier
            for m in view.application("A0").mentions
            if m.identifier.kind is IdentifierKind.BANK_CARD
        ]
        assert {tie.applicant_id for tie in view.holders_of([card])[card].ties} == {"U0", "U1"}
        masked = [
            m.identifier.masked
            for n in (0, 3)
            for m in view.application(f"A{n}").mentions
            if m.identifier.kind is IdentifierKind.BANK_CARD
        ]
        assert masked == ["***5436", "***aa90"]


@pytest.mark.parametrize(
    "form",
    [
        "%d.%m.%Y",
        "%Y-%m-%d %H:%M:%S%z",
        "%d %b %Y, %I:%M %p",
        "epoch_ms",
        "epoch_s from 2020-01-01T00:00:00Z",
    ],
)
def test_every_form_that_a_time_can_have_is_taken(tmp_path, form):
    assert open_delivery(
        foreign(tmp_path / "delivery", FOREIGN.replace("time: epoch_s}", f'time: "{form}"}}', 1))
    )


def test_what_an_attribute_cannot_hold_is_dropped_and_counted(tmp_path):
    folder = tmp_path / "delivery"
    folder.mkdir()
    rows = [
        {**LOAN, "favourite_colour": True},
        {**LOAN, "no": "2", "branch": "x" * 600},
        {**LOAN, "no": "3", "state": ["odd"]},
        {**LOAN, "no": "4", "favourite_colour": {"a": 1}},
    ]
    write_jsonl(folder / "loans.jsonl", rows)
    write_parquet(folder / "shops.parquet", [{"key": 7, "since": "24.12.2020"}])
    mapping = FOREIGN.replace("loans.csv", "loans.jsonl").replace(
        "      - {column: branch, in: [north, 7]}\n", ""
    )
    (folder / "mapping.yaml").write_text(mapping)
    with open_store(tmp_path / "graph.db") as store:
        report = load_into(store, folder)
        assert ("colour", "true") in store.view(NOW).application("L-1").attributes
    assert vars(report.tables["applications"]) == {"read": 4, "accepted": 4, "known": 0, "rejected": 0}
    assert report.dropped == {
        ("applications", "branch", "too_long"): 1,
        ("applications", "colour", "unreadable_text"): 1,
    }


def test_an_unknown_mapping_names_those_that_are_shipped(tmp_path):
    with pytest.raises(DeliveryError, match="handbook_simulated, p2p_payment_fraud, s_ffsd"):
        read_mapping(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_mapping_reads_and_feeds_known_tables(name):
    assert all(feed.table.name in TABLES for feed in read_mapping(name).feeds)


def _data(name: str) -> Path:
    folder = Path(os.environ.get("RINGFENCE_TEST_DATA", DATA)) / name
    if not folder.exists():
        pytest.skip(f"the data set {name} is not beside the checkout (../shared/data)")
    return folder


@pytest.fixture(scope="module")
def p2p(tmp_path_factory):
    folder = tmp_path_factory.mktemp("p2p")
    with open_store(folder / "p2p.db") as store:
        report = load(
            open_delivery(_data("p2p_payment_fraud"), "p2p_payment_fraud"),
            store,
            parse_context(),
            report_to=folder,
        )
        yield report, store.view(datetime(2020, 1, 1, tzinfo=UTC)).tables()


@pytest.mark.slow
@pytest.mark.data
def test_all_of_p2p_comes_in(p2p):
    report, tables = p2p
    kinds = Counter(tables.events["kind"])
    assert kinds == {"device_use": 55_026, "card_bind": 128_066, "transfer": 102_832, "referral": 1_870}
    assert len(tables.devices["identifier"]) == 51_451
    assert tables.labels["fraud"].sum() == 241
    assert sum(t.rejected for t in report.tables.values()) == 0


@pytest.mark.slow
@pytest.mark.data
def test_p2p_shares_cards_and_devices_as_published(p2p):
    _, tables = p2p
    flagged = set(tables.labels["applicant"])
    assert shared_by(tables, IdentifierKind.BANK_CARD, flagged) == (8_185, 31, 274)
    assert shared_by(tables, IdentifierKind.DEVICE, flagged) == (2_655, 2, 88)


@pytest.mark.slow
@pytest.mark.data
def test_p2p_transfer_pairs_share_a_card_as_published(p2p):
    _, tables = p2p
    cards = holdings(tables, IdentifierKind.BANK_CARD)
    events = tables.events
    transfers = events["kind"] == "transfer"
    pairs = set(
        zip(events["applicant"][transfers].tolist(), events["counterparty"][transfers].tolist(), strict=True)
    )
    assert sum(bool(cards.get(a, set()) & cards.get(b, set())) for a, b in pairs) == 6_240


def holdings(tables, kind):
    """The identifiers of a kind by applicant."""
    of_kind = tables.identifiers["kind"][tables.ties["identifier"]] == KINDS.index(kind)
    held: dict[int, set[int]] = {}
    for applicant, identifier in zip(
        tables.ties["applicant"][of_kind].tolist(), tables.ties["identifier"][of_kind].tolist(), strict=True
    ):
        held.setdefault(applicant, set()).add(identifier)
    return held


def shared_by(tables, kind, flagged):
    """How many identifiers with more than one holder have none, all, some of them flagged."""
    holders: dict[int, set[int]] = {}
    for applicant, identifiers in holdings(tables, kind).items():
        for identifier in identifiers:
            holders.setdefault(identifier, set()).add(applicant)
    shares = [len(h & flagged) / len(h) for h in holders.values() if len(h) > 1]
    return sum(s == 0 for s in shares), sum(s == 1 for s in shares), sum(0 < s < 1 for s in shares)


@pytest.mark.data
def test_all_of_s_ffsd_comes_in():
    delivery, at = open_delivery(_data("s_ffsd"), "s_ffsd"), parse_context()
    _, applications, labels = (
        [PARSERS[f.table.name](r.cells, at, f.table) for r in delivery.records(f)] for f in delivery.feeds
    )
    assert len({a.application_id for a in applications}) == 77_881
    assert (len({a.applicant_id for a in applications}), len({a.merchant_id for a in applications})) == (
        30_346,
        886,
    )
    assert applications == sorted(applications, key=lambda a: a.applied_at)
    assert Counter(label.label for label in labels) == {LabelValue.GOOD: 24_387, LabelValue.FRAUD: 5_256}


@pytest.mark.data
def test_the_handbooks_transactions_come_in_with_labels_a_week_later():
    """The first thousands of rows: all 1.75 million take minutes."""
    delivery = open_delivery(_data("handbook_simulated"), "handbook_simulated")
    at = parse_context()
    _, applications, labels = (
        [PARSERS[f.table.name](r.cells, at, f.table) for r in islice(delivery.records(f), 5_000)]
        for f in delivery.feeds
    )
    assert {label.known_at - a.applied_at for a, label in zip(applications, labels, strict=True)} == {
        timedelta(days=7)
    }
    assert delivery.rows == 2 * 1_754_155 + 1


PER_LENDER = """
ids: per_lender
tables:
  - {table: platforms, rows: [{platform_id: L1, type: p2p}, {platform_id: L2, type: leasing}]}
  - {table: applications, source: loans.csv}
  - table: labels
    source: marks.csv
    columns: {applicant_id: who, platform_id: lender, label: says, known_at: when}
"""


def test_two_lenders_may_give_one_id_to_two_people(tmp_path: Path) -> None:
    folder = tmp_path / "delivery"
    folder.mkdir()
    write_csv(
        folder / "loans.csv",
        [
            {**APPLICATION, "platform_id": one, "amount": amount}
            for one, amount in (("L1", "1000"), ("L2", "2000"))
        ],
    )
    write_csv(folder / "marks.csv", [{"who": "U1", "lender": "L2", "says": "fraud", "when": "2025-07-01"}])
    (folder / "mapping.yaml").write_text(PER_LENDER)
    with open_store(tmp_path / "s.db") as store:
        report = load(open_delivery(folder), store, parse_context(), report_to=tmp_path)
        view = store.view(NOW)
        created = {
            a.application_id: (a.applicant_id, a.amount)
            for a in view.applications(datetime(1970, 1, 2, tzinfo=UTC))
        }
        labels = view.labels_of(["@L1/U1", "@L2/U1"])
    assert (report.as_json()["accepted"], report.as_json()["unmatched"]) == (5, 0)
    assert created == {"@L1/A1": ("@L1/U1", 1000), "@L2/A1": ("@L2/U1", 2000)}
    assert [len(labels[who]) for who in ("@L1/U1", "@L2/U1")] == [0, 1]


def test_ids_per_lender_need_the_lender_in_every_row_and_another_word_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "delivery"
    folder.mkdir()
    write_csv(folder / "loans.csv", [APPLICATION])
    write_csv(folder / "marks.csv", [{"who": "U1", "says": "fraud", "when": "2025-07-01"}])
    (folder / "mapping.yaml").write_text(PER_LENDER)
    with pytest.raises(DeliveryError, match="lender"):
        open_delivery(folder)
    (folder / "mapping.yaml").write_text(PER_LENDER.replace("per_lender", "per_person"))
    with pytest.raises(DeliveryError, match="shared, per_lender"):
        open_delivery(folder)

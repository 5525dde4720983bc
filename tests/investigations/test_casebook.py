"""The casebook: written once, never rewritten, one answer a claim however many ask, and cases that only go
forward.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa

from graph.model.errors import (
    CaseChangedError,
    ConflictError,
    InputError,
    NotFoundError,
    SettingError,
    StoreUnavailableError,
)
from graph.model.types import LabelValue
from graph.stores.sqlite import SqliteStore
from investigations.assessments import Stage
from investigations.casebook import Casebook, IdempotencyClaim
from investigations.cases import CaseFilter, CaseState, NewCase, Verdict, VerdictValue
from tests.support.casebooks import NOW, assessment, url_of

LATEST = 10**9  # a version that no case has passed


@pytest.fixture
def book(casebook_url: str) -> Iterator[Casebook]:
    """A casebook on each kind of database; PostgreSQL where the package that brings a server is installed."""
    with Casebook(casebook_url) as opened:
        yield opened


def claim(key: str = "k", fingerprint: str = "f", **changes: object) -> IdempotencyClaim:
    return IdempotencyClaim(
        **({"client": "engine", "key": key, "fingerprint": fingerprint, "at": NOW} | changes)
    )


def test_a_graph_store_is_no_casebook(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "graph.db").close()
    with pytest.raises(SettingError, match="other tables than a casebook's"):
        Casebook(f"sqlite:///{tmp_path / 'graph.db'}")


def test_nothing_is_written_into_a_casebook_whose_file_is_gone(tmp_path: Path) -> None:
    file, beside = tmp_path / "casebook.db", tmp_path / "elsewhere.db"
    with Casebook(url_of(tmp_path)) as book:
        book.record(assessment(1))
        file.rename(beside)
        for write in (lambda: book.record(assessment(2)), book.ping, lambda: book.forget_claims(NOW)):
            with pytest.raises(StoreUnavailableError, match=r"casebook.db is gone, or another one"):
                write()
        beside.rename(file)
        book.record(assessment(2))
        assert book.count() == 2
        file.rename(beside)
        Casebook(url_of(tmp_path)).close()  # another one in its place
        with pytest.raises(StoreUnavailableError, match="another one"):
            book.record(assessment(3))


def test_what_was_recorded_is_read_back_to_the_last_bit(book: Casebook) -> None:
    book.record(assessment(1, probability=0.1 + 0.2))
    assert book.assessment("A-1") == assessment(1, probability=0.1 + 0.2)
    with pytest.raises(NotFoundError):
        book.assessment("A-2")


def test_the_latest_assessment_of_an_applicant_or_an_application_is_found(book: Casebook) -> None:
    for number in (11, 13, 12):
        book.record(assessment(number, applicant_id="p11"))
    book.record(assessment(14, applicant_id="p11", stage=Stage.DISBURSEMENT, application_id="a13"))
    assert book.latest(applicant_id="p11").assessment_id == "A-14"
    assert book.latest(application_id="a13", stage=Stage.APPLICATION).assessment_id == "A-13"
    assert book.latest(applicant_id="p11", until=NOW + timedelta(minutes=12)).assessment_id == "A-12"
    assert book.latest(applicant_id="nobody") is None


def test_the_second_with_a_claim_gets_the_first_ones_assessment(book: Casebook) -> None:
    assert not book.record(assessment(21), claim("two")).replay
    again = book.record(assessment(22), claim("two"))
    assert (again.replay, again.assessment.assessment_id) == (True, "A-21")
    with pytest.raises(NotFoundError):
        book.assessment("A-22")


def test_the_same_key_with_another_body_is_a_conflict_before_and_after_the_work(book: Casebook) -> None:
    book.record(assessment(31), claim("three"))
    with pytest.raises(ConflictError, match="another body"):
        book.claimed(claim("three", "other"))
    with pytest.raises(ConflictError, match="another body"):
        book.record(assessment(32), claim("three", "other"))


def test_a_key_is_its_clients_own_and_free_again_after_a_day(book: Casebook) -> None:
    book.record(assessment(41), claim("four"))
    assert not book.record(assessment(42), claim("four", "other", client="somebody else")).replay
    assert book.record(assessment(43), claim("four", at=NOW + timedelta(hours=23.9))).replay
    assert not book.record(assessment(44), claim("four", "other", at=NOW + timedelta(hours=24.1))).replay
    assert book.claimed(claim("four", "other", at=NOW + timedelta(hours=25))).assessment_id == "A-44"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE assessments SET score = 0",
        "DELETE FROM assessments",
        "DELETE FROM verdicts",
        "DELETE FROM case_events",
        "DELETE FROM person_verdicts",
    ],
)
def test_nothing_concluded_can_be_rewritten(book: Casebook, statement: str) -> None:
    number = abs(hash(statement)) % 10**9
    book.record(assessment(number, as_of=NOW))
    case_id, _ = book.open_case(NewCase(reason="x", ring_id=f"R-{number}"), at=NOW, by="review")
    book.give_verdict(
        case_id,
        Verdict(at=NOW, by="wang", value=VerdictValue.INCONCLUSIVE, people={"p": VerdictValue.INCONCLUSIVE}),
        LATEST,
    )
    with pytest.raises(Exception, match="append-only"), book._engines.writing() as connection:
        connection.execute(sa.text(statement))
    assert book.assessment(f"A-{number}").score == 712


def test_a_ring_has_one_open_case_and_a_new_one_only_after_it_was_closed(book: Casebook) -> None:
    about = NewCase(
        reason="grown", ring_id="R-51", snapshot="2025-W02", reason_codes=("RING_BURST", "RING_BAD")
    )
    first, opened = book.open_case(about, at=NOW, by="review")
    again, opened_again = book.open_case(about, at=NOW + timedelta(days=7), by="review")
    assert (opened, opened_again, again) == (True, False, first)
    assert book.open_case_of_ring("R-51").case_id == first
    book.give_verdict(first, Verdict(at=NOW, by="wang", value=VerdictValue.INCONCLUSIVE), LATEST)
    book.close_case(first, LATEST, at=NOW, by="wang")
    assert book.open_case_of_ring("R-51") is None
    assert book.open_case(about, at=NOW + timedelta(days=8), by="review")[1]


def test_a_case_goes_from_the_queue_to_a_verdict_and_keeps_every_step(book: Casebook) -> None:
    case_id, _ = book.open_case(NewCase(reason="looks bad", applicant_id="p61"), at=NOW, by="review")
    case = book.assign(case_id, "wang", LATEST, at=NOW + timedelta(hours=1), by="li")
    case = book.add_note(case_id, "calling", at=NOW + timedelta(hours=2), by="wang")
    with pytest.raises(ConflictError, match="no verdict"):
        book.close_case(case_id, case.version, at=NOW, by="wang")
    family = Verdict(
        at=NOW + timedelta(hours=3),
        by="wang",
        value=VerdictValue.FALSE_POSITIVE,
        note="a family",
        people={"p61": VerdictValue.FALSE_POSITIVE},
    )
    fraud = Verdict(
        at=NOW + timedelta(hours=4),
        by="li",
        value=VerdictValue.CONFIRMED_FRAUD,
        people={"p61": VerdictValue.CONFIRMED_FRAUD},
    )
    case = book.give_verdict(case_id, family, case.version)
    case = book.give_verdict(case_id, fraud, case.version)
    case = book.close_case(case_id, case.version, at=NOW + timedelta(hours=5), by="li")
    assert [(e.kind, e.state, e.by) for e in case.events] == [
        ("opened", CaseState.PENDING, "review"), ("assigned", CaseState.INVESTIGATING, "li"),
        ("note", CaseState.INVESTIGATING, "wang"), ("verdict", CaseState.INVESTIGATING, "wang"),
        ("verdict", CaseState.INVESTIGATING, "li"), ("closed", CaseState.CLOSED, "li"),
    ]  # fmt: skip
    assert case.verdicts == (family, fraud)
    assert case.assignee == "wang"
    for step in (
        lambda: book.assign(case_id, "zhao", case.version, at=NOW, by="li"),
        lambda: book.add_note(case_id, "late", at=NOW, by="li"),
    ):
        with pytest.raises(ConflictError, match="closed"):
            step()
    for step in (
        lambda: book.close_case("C-none", LATEST, at=NOW, by="li"),
        lambda: book.look_at("C-none", at=NOW, by="li"),
    ):
        with pytest.raises(NotFoundError):
            step()


def test_who_decides_on_a_case_changed_meanwhile_is_told_and_changes_nothing(
    book: Casebook,
) -> None:
    case_id, _ = book.open_case(NewCase(reason="x", applicant_id="p62"), at=NOW, by="review")
    seen = book.case(case_id).version
    book.look_at(case_id, at=NOW, by="zhao")  # looking changes nothing
    taken = book.assign(case_id, "wang", seen, at=NOW, by="wang")
    with pytest.raises(CaseChangedError, match="wang"):
        book.assign(case_id, "li", seen, at=NOW, by="li")
    assert book.case(case_id).assignee == "wang"
    assert (
        book.assign(case_id, "wang", seen, at=NOW + timedelta(minutes=1), by="wang").version == taken.version
    ), "sent again, done once"
    verdict = Verdict(
        at=NOW, by="wang", value=VerdictValue.INCONCLUSIVE, people={"p62": VerdictValue.INCONCLUSIVE}
    )
    for _ in range(2):
        book.give_verdict(case_id, verdict, taken.version)
    assert len(book.case(case_id).verdicts) == 1
    with pytest.raises(CaseChangedError):
        book.give_verdict(
            case_id, Verdict(at=NOW, by="wang", value=VerdictValue.INCONCLUSIVE, people={}), taken.version
        )


def test_the_queue_shows_first_what_is_most_at_stake(book: Casebook) -> None:
    for name, exposure, probability in (
        ("R-71", 1000.0, 0.9),
        ("R-72", 90_000.0, 0.5),
        ("R-73", 90_000.0, 0.1),
    ):
        book.open_case(
            NewCase(reason="queue", ring_id=name, exposure=exposure, probability=probability),
            at=NOW,
            by="review",
        )
    total, cases = book.queue(CaseFilter(state=CaseState.PENDING))
    ours = [case.about.ring_id for case in cases if case.about.reason == "queue"]
    assert (ours, total >= 3) == (["R-72", "R-73", "R-71"], True)
    first = next(case for case in cases if case.about.ring_id == "R-73")
    book.assign(first.case_id, "zhou", LATEST, at=NOW, by="zhou")
    assert [case.about.ring_id for case in book.queue(CaseFilter(assignee="zhou"))[1]] == ["R-73"]
    assert book.queue(CaseFilter(ring_id="R-72"), limit=0) == (1, ())


def test_what_a_verdict_says_of_people_is_owed_to_the_store_until_it_is_there(book: Casebook) -> None:
    case_id, _ = book.open_case(NewCase(reason="x", ring_id="R-81"), at=NOW, by="review")
    people = {
        "p1": VerdictValue.CONFIRMED_FRAUD,
        "p2": VerdictValue.FALSE_POSITIVE,
        "p3": VerdictValue.INCONCLUSIVE,
    }
    book.give_verdict(
        case_id, Verdict(at=NOW, by="wang", value=VerdictValue.CONFIRMED_FRAUD, people=people), LATEST
    )
    assert book.owes_labels(case_id)
    owed = [
        (position, labels)
        for position, labels in book.owed_labels(10**6)
        if f"case {case_id}" in {one.source for one in labels}
    ]
    assert [(one.applicant_id, one.label, one.known_at) for one in owed[0][1]] == [
        ("p1", LabelValue.FRAUD, NOW),
        ("p2", LabelValue.GOOD, NOW),
    ]
    book.labels_delivered([position for position, _ in owed])
    assert not book.owes_labels(case_id)


@pytest.mark.parametrize("about", [NewCase(reason="x"), NewCase(reason="x", ring_id="R-1", applicant_id="p")])
def test_a_case_is_about_a_ring_or_an_applicant(book: Casebook, about: NewCase) -> None:
    with pytest.raises(InputError):
        book.open_case(about, at=NOW, by="review")


def test_an_unusable_url_says_which_are_known() -> None:
    for url in ("nonsense", "nosuch://x/y", "mongo"):
        with pytest.raises(SettingError, match="known are"):
            Casebook(url)


def test_a_password_is_not_in_the_error() -> None:
    with pytest.raises(SettingError) as refused:
        Casebook("nosuch://user:secret@host/db")
    assert "secret" not in str(refused.value)


def test_a_database_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError):
        Casebook(f"sqlite:///{tmp_path}/no/such/folder/casebook.db")


def _claim_all(url: str, worker: int) -> list[str]:
    with Casebook(url) as book:
        return [
            book.record(assessment(1000 * worker + n), claim(f"shared-{n}")).assessment.assessment_id
            for n in range(40)
        ]


def test_several_processes_that_race_for_the_same_claims_all_get_the_same_answers(tmp_path: Path) -> None:
    url = url_of(tmp_path)
    Casebook(url).close()
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        answers = list(pool.map(_claim_all, [url] * 3, [1, 2, 3]))
    assert answers[0] == answers[1] == answers[2]
    with Casebook(url) as book:
        assert book.count() == 40

"""The casebook: written once, never rewritten, one answer a claim however many ask, and cases that only go forward."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa

from graph.model.errors import ConflictError, InputError, NotFoundError, SettingError, StoreUnavailableError
from graph.stores.sqlite import SqliteStore
from investigations.assessments import Stage
from investigations.casebook import Casebook, Claim
from investigations.cases import CaseState, NewCase, Verdict, VerdictValue
from tests.support.casebooks import NOW, assessment, url_of


@pytest.fixture(params=["sqlite", "postgresql"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Casebook]:
    """A casebook on each kind of database; PostgreSQL where the package that brings a server is installed."""
    url = request.getfixturevalue("postgres") if request.param == "postgresql" else url_of(tmp_path)
    with Casebook(url) as opened:
        yield opened


def claim(key: str = "k", fingerprint: str = "f", **changes: object) -> Claim:
    return Claim(**({"client": "engine", "key": key, "fingerprint": fingerprint, "at": NOW} | changes))


def test_a_graph_store_is_no_casebook(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "graph.db").close()
    with pytest.raises(SettingError, match="other tables than a casebook's"):
        Casebook(f"sqlite:///{tmp_path / 'graph.db'}")


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
    "statement", ["UPDATE assessments SET score = 0", "DELETE FROM assessments", "DELETE FROM verdicts", "DELETE FROM case_events"]
)
def test_nothing_concluded_can_be_rewritten(book: Casebook, statement: str) -> None:
    number = abs(hash(statement)) % 10**9
    book.record(assessment(number, as_of=NOW))
    case_id, _ = book.open_case(NewCase(reason="x", ring_id=f"R-{number}"), at=NOW, by="review")
    book.conclude(case_id, Verdict(at=NOW, by="wang", value=VerdictValue.INCONCLUSIVE))
    with pytest.raises(Exception, match="append-only"), book._engines.writing() as connection:
        connection.execute(sa.text(statement))
    assert book.assessment(f"A-{number}").score == 712


def test_a_ring_has_one_open_case_and_a_new_one_only_after_it_was_closed(book: Casebook) -> None:
    about = NewCase(reason="grown", ring_id="R-51", snapshot="2025-W02", reason_codes=("RING_BURST", "RING_BAD"))
    first, opened = book.open_case(about, at=NOW, by="review")
    again, opened_again = book.open_case(about, at=NOW + timedelta(days=7), by="review")
    assert (opened, opened_again, again) == (True, False, first)
    assert book.open_case_of_ring("R-51").case_id == first
    book.move_case(first, CaseState.CLOSED, at=NOW, by="wang")
    assert book.open_case_of_ring("R-51") is None
    assert book.open_case(about, at=NOW + timedelta(days=8), by="review")[1]


def test_a_case_goes_forward_and_keeps_every_step(book: Casebook) -> None:
    case_id, _ = book.open_case(NewCase(reason="looks bad", applicant_id="p61"), at=NOW, by="review")
    book.move_case(case_id, CaseState.INVESTIGATING, at=NOW + timedelta(hours=1), by="wang", note="calling")
    book.conclude(case_id, Verdict(at=NOW + timedelta(hours=2), by="wang", value=VerdictValue.FALSE_POSITIVE, note="a family"))
    book.conclude(case_id, Verdict(at=NOW + timedelta(hours=3), by="li", value=VerdictValue.CONFIRMED_FRAUD))
    book.move_case(case_id, CaseState.CLOSED, at=NOW + timedelta(hours=4), by="li")
    case = book.case(case_id)
    assert [(e.kind, e.state, e.by) for e in case.events] == [
        ("opened", CaseState.PENDING, "review"), ("moved", CaseState.INVESTIGATING, "wang"), ("moved", CaseState.CLOSED, "li"),
    ]  # fmt: skip
    assert [v.value for v in case.verdicts] == [VerdictValue.FALSE_POSITIVE, VerdictValue.CONFIRMED_FRAUD]
    for state in CaseState:
        with pytest.raises(ConflictError):
            book.move_case(case_id, state, at=NOW, by="li")
    with pytest.raises(NotFoundError):
        book.move_case("C-none", CaseState.CLOSED, at=NOW, by="li")
    with pytest.raises(NotFoundError):
        book.conclude("C-none", Verdict(at=NOW, by="li", value=VerdictValue.INCONCLUSIVE))


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
        return [book.record(assessment(1000 * worker + n), claim(f"shared-{n}")).assessment.assessment_id for n in range(40)]


def test_several_processes_that_race_for_the_same_claims_all_get_the_same_answers(tmp_path: Path) -> None:
    url = url_of(tmp_path)
    Casebook(url).close()
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        answers = list(pool.map(_claim_all, [url] * 3, [1, 2, 3]))
    assert answers[0] == answers[1] == answers[2]
    with Casebook(url) as book:
        assert book.count() == 40

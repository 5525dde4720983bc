"""What is old and of no further use goes; what an answer or a seal rests on stays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from graph.model.errors import SettingError
from graph.model.moments import moment
from investigations.casebook import Casebook
from investigations.casebook.book import IdempotencyClaim
from investigations.casebook.message_files import DeliveryState
from investigations.casebook.migrations import append_only
from investigations.casebook.retention import RETAINABLE, retainable
from investigations.casebook.user_files import SessionTerms
from investigations.cases import NewCase, Verdict, VerdictValue
from investigations.last_scores import RecordedScore, ScoreSource
from investigations.monitoring.record import Kept, KeptKind, MonitorRun
from investigations.saved_views import SavedView
from investigations.shadow.answers import ShadowAnswer
from investigations.users import DeskRole
from scripts.cli.command import DONE, UNUSABLE
from scripts.cli.main import main
from tests.support.casebooks import NOW, assessment, url_of
from tests.support.desk.people import add_user, by_command

OLD, NEW = NOW - timedelta(days=10), NOW - timedelta(hours=1)
A_DAY = dict.fromkeys(RETAINABLE, timedelta(days=1))


@pytest.fixture
def book(casebook_url: str) -> Iterator[Casebook]:
    """A casebook with an old and a new row in each table that has a period."""
    with Casebook(casebook_url) as opened:
        fill(opened)
        yield opened


def fill(book: Casebook) -> None:
    for number, at in enumerate((OLD, NEW)):
        claim = IdempotencyClaim(client="engine", key=f"k{number}", fingerprint="f", at=at)
        book.record(assessment(number), claim)
        name = "an old secret view" if at is OLD else "a new one"
        book.views.save(
            SavedView(
                view_id=f"V-{number}",
                name=name,
                node="applicant:p1",
                as_of=at,
                at=at,
                by="wang",
                content=b"{}",
            )
        )
        book.last_scores.keep(
            [
                RecordedScore(
                    applicant_id="p1",
                    application_id=None,
                    as_of=at,
                    scored_at=at,
                    source=ScoreSource.BATCH,
                    model_version=None,
                    score=712,
                    probability=None,
                    decision="review",
                )
            ]
        )
        user = add_user(book.users, f"user{number}", DeskRole.READER)
        terms = SessionTerms(idle=timedelta(days=90), most=timedelta(days=90))
        book.users.begin_session(hashlib.sha256(name.encode()).hexdigest(), user, terms, by_command(at))
        case_id, _ = book.open_case(NewCase(reason="by hand", applicant_id=f"p{number}"), at=at, by="wang")
        verdict = Verdict(at=at, by="wang", value=VerdictValue.INCONCLUSIVE)
        book.give_verdict(case_id, verdict, book.case(case_id).version)
        book.close_case(case_id, book.case(case_id).version, at=at, by="wang")
        shadow = ShadowAnswer(
            assessment_id=f"A-{number}", challenger="m", as_of=at, answered_at=NOW, failure="model_failed"
        )
        book.shadows.keep([shadow])
        day = Kept(kind=KeptKind.DAY, since=at, model_version="m", content={})
        book.monitoring.keep(
            MonitorRun(at=at, model_version="m", rows=[day], alarms=[], looked_at=frozenset())
        )
    book.messages.address({"sent": lambda _: True, "waits": lambda _: True}, NOW)
    for one in book.messages.due("sent", NOW, 10):
        book.messages.attempted(one, DeliveryState.SENT, NOW, None)


def test_what_is_older_than_its_period_goes_once_and_the_rest_stays(book: Casebook) -> None:
    expected = dict.fromkeys(RETAINABLE, 1)
    assert book.retention.due(A_DAY, NOW) == expected
    assert book.retention.forget(A_DAY, NOW) == expected
    assert book.retention.forget(A_DAY, NOW) == dict.fromkeys(RETAINABLE, 0)
    assert [one.view_id for one in book.views.of_node("applicant:p1")] == ["V-1"]
    assert len(book.messages.deliveries(DeliveryState.SENT)) == 1


def test_before_when_rows_have_gone_is_kept_and_never_goes_back(book: Casebook) -> None:
    assert book.shadows.kept_since() == moment(0)
    book.retention.forget({"saved_views": timedelta(days=1)}, NOW)
    assert book.shadows.kept_since() == moment(0), "another table's period is no matter of it"
    book.retention.forget({"shadow_answers": timedelta(days=1)}, NOW)
    book.retention.forget({"shadow_answers": timedelta(days=9)}, NOW)
    assert book.shadows.kept_since() == NOW - timedelta(days=1)


def test_what_still_waits_to_be_sent_never_goes(book: Casebook) -> None:
    book.retention.forget(A_DAY, NOW + timedelta(days=1_000))
    assert len(book.messages.deliveries(DeliveryState.WAITING)) == 2
    assert not book.messages.deliveries(DeliveryState.SENT)


def test_a_table_without_a_period_keeps_its_rows(book: Casebook) -> None:
    only_views = {"saved_views": timedelta(days=1)}
    assert book.retention.forget(only_views, NOW) == {"saved_views": 1}
    assert book.retention.due(A_DAY, NOW)["claims"] == 1


def test_the_audit_is_as_it_was_sealed_after_rows_have_gone(book: Casebook) -> None:
    while book.seals.seal(NOW):
        pass
    before = book.seals.head()
    book.retention.forget(A_DAY, NOW)
    found = book.seals.verify([before])
    assert not found.faults
    assert book.count() == 2


def test_a_table_under_seals_gets_no_period() -> None:
    for table in append_only():
        with pytest.raises(SettingError, match="under the seals"):
            retainable(table.name)
    with pytest.raises(SettingError, match="no period can be given"):
        retainable("casse")


def test_a_dry_run_deletes_nothing_and_what_goes_leaves_no_bytes_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Casebook(url_of(tmp_path)) as book:
        fill(book)
    given = ["retain", "--keep", "saved_views=1", "--casebook", url_of(tmp_path)]
    assert main([*given, "--dry-run"]) == DONE
    assert b"an old secret view" in everything(tmp_path)
    assert main(given) == DONE
    assert b"an old secret view" not in everything(tmp_path)
    said = capsys.readouterr().out.splitlines()
    assert [line.partition("rows")[2] for line in said[:1]] == [
        line.partition("rows")[2] for line in said[1:]
    ]


@pytest.mark.parametrize("keep", ["saved_views", "saved_views=0", "assessments=9", "nothing=9"])
def test_a_period_that_cannot_be_meant_is_refused(tmp_path: Path, keep: str) -> None:
    Casebook(url_of(tmp_path)).close()
    assert main(["retain", "--keep", keep, "--casebook", url_of(tmp_path)]) == UNUSABLE


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())

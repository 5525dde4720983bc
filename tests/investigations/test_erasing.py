"""A casebook forgets people: their rows say nothing any more, and the seals still find who tampers."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from graph.model.erasure import Renaming, surrogate
from graph.model.errors import ErasedError, StoreUnavailableError
from investigations.casebook import Casebook
from investigations.casebook.book import IdempotencyClaim
from investigations.casebook.erasure.erasing import ErasedPeople
from investigations.cases import NewCase, Verdict, VerdictValue
from investigations.erased_names import ERASED, ErasedNames
from investigations.masks import masked_node
from investigations.saved_views import SavedView
from investigations.users import AuditAction, AuditEntry, AuditFilter, AuditWay
from investigations.watch.alerts import Alert, AlertCode
from investigations.watch.messages import WatchFindings, message_of
from tests.investigations.test_casebook_guards import log_in_as
from tests.investigations.test_seals import KEYS, owned
from tests.support.casebooks import NOW, assessment, everything, forge, url_of
from tests.support.full_disks import full_disk

LATER = NOW + timedelta(days=1)
WANG, LI = "C-Wang-884171", "C-Li-550002"
LOAN, OTHER_LOAN = "loan-of-wang-1", "loan-of-li-1"
RENAMING = Renaming(
    people={WANG: surrogate("Q", "71")}, applications={LOAN: surrogate("R", "-1")}, events={}, identifiers={}
)
FORGET = ErasedPeople(
    names=ErasedNames(RENAMING), certificate="ER-1", until=NOW + timedelta(days=9), keys=KEYS
)


@pytest.fixture
def book(casebook_url: str) -> Iterator[Casebook]:
    """What a casebook holds about Wang, and about Li, who is tied to Wang."""
    with Casebook(casebook_url) as opened:
        filled(opened)
        yield opened


def filled(book: Casebook) -> None:
    claim = IdempotencyClaim(client="engine", key="k", fingerprint="f", at=NOW)
    mine = assessment(
        1, applicant_id=WANG, application_id=LOAN, answer=orjson.dumps({"application_id": LOAN})
    )
    book.record(mine, claim)
    path = {"path": [f"application:{OTHER_LOAN}", masked_node(f"applicant:{WANG}")]}
    theirs = orjson.dumps({"reasons": [path]})
    book.record(assessment(2, applicant_id=LI, application_id=OTHER_LOAN, answer=theirs))
    own, _ = book.open_case(NewCase(reason="by hand", applicant_id=WANG), at=NOW, by="wang")
    ring, _ = book.open_case(NewCase(reason="flagged", ring_id="R-1"), at=NOW, by="wang")
    book.add_note(own, "a baker from Harbin", at=NOW, by="wang")
    book.add_note(ring, f"{WANG} 与{LI}同住; see {WANG}.", at=NOW, by="wang")
    book.attach(own, "wang.txt", "text/plain", b"about the baker", at=NOW, by="wang")
    book.attach(ring, "ring.txt", "text/plain", f"{WANG} called".encode(), at=NOW, by="wang")
    book.attach(ring, "li.txt", "text/plain", f"{LI} called".encode(), at=NOW, by="wang")
    said = VerdictValue.FALSE_POSITIVE
    verdict = Verdict(at=NOW, by="wang", value=said, people={WANG: said, LI: said})
    book.give_verdict(ring, verdict, book.case(ring).version)
    book.begin_watch(1, 0)
    alert = Alert(
        code=AlertCode.BORROWER_CONFIRMED, subject=f"application:{OTHER_LOAN}", cause=WANG, at=NOW,
        recorded_by=1, applicant_id=LI, path=(f"application:{OTHER_LOAN}", f"applicant:{WANG}"),
    )  # fmt: skip
    assert book.keep_findings(1, (0, 1), WatchFindings((alert,), (message_of(alert),)))
    look = AuditEntry(at=NOW, by="wang", way=AuditWay.KEY, action=AuditAction.LOOKED)
    looks = [dataclasses.replace(look, subject=f"applicant:{who}") for who in (WANG, LI)]
    book.audit.add(looks)
    view = SavedView(
        view_id="V-1", name="x", node=f"applicant:{WANG}", as_of=NOW, at=NOW, by="wang", content=b"{}"
    )
    book.views.save(view)
    while book.seals.seal(NOW):
        pass


def test_nothing_names_the_erased_and_everything_about_others_stands(book: Casebook) -> None:
    other, anchor = book.assessment("A-2"), book.seals.head()
    counts = book.erasing.erase(FORGET, NOW)
    said = everything(book)
    assert not [
        name for name in (WANG, LOAN, "baker", "called", "Harbin") if name in said.replace(f"{LI} called", "")
    ]
    assert book.assessment("A-2") == other
    with pytest.raises(ErasedError):
        book.assessment("A-1")
    assert (book.latest(applicant_id=RENAMING.people[WANG]), book.latest_ids(9)) == (None, ("A-2",))
    assert book.count() == 2
    assert counts["assessments"] == counts["claims"] == counts["saved_views"] == counts["cases"] == 1
    notes = [e.note for c in book.people.held(LI, ring_ids=["R-1"]).ring_cases for e in book.case(c).events]
    assert any(n and RENAMING.people[WANG] in n and LI in n for n in notes)
    new = RENAMING.people[WANG]
    assert [one.subject for one in book.audit.read(AuditFilter())[0]] == [
        f"applicant:{new}",
        f"applicant:{LI}",
    ]
    assert book.erasing.erase(FORGET, NOW) == {}
    assert book.seals.verify([anchor], KEYS).faults == ()


def test_the_seals_stand_after_an_erasure_and_find_what_is_changed_beside_it(
    book: Casebook, casebook_url: str
) -> None:
    book.erasing.erase(FORGET, NOW)
    assert book.seals.verify(keys=KEYS).erased > 5
    while book.seals.seal(NOW):
        pass
    assert book.seals.verify(keys=KEYS).faults == ()
    owned(casebook_url, "UPDATE assessments SET score = 1 WHERE assessment_id = 'A-1'")
    assert [one.key for one in book.seals.verify(keys=KEYS).faults] == ["A-1"]


def test_an_erasure_that_nobody_signed_is_found_with_the_key(book: Casebook, casebook_url: str) -> None:
    book.erasing.erase(FORGET, NOW)
    while book.seals.seal(NOW):
        pass
    forge(casebook_url, "INSERT INTO erasures VALUES (99, 0, 'verdicts', '1', 'a', 'b', 'E', 'k1:00')")
    faults = book.seals.verify(keys=KEYS).faults
    assert [(one.what, one.key) for one in faults] == [("erasure_forged", "99")]
    assert {one.what for one in book.seals.verify().faults} == {"erasure_forged"}


def test_a_row_that_came_back_after_its_erasure_is_found(book: Casebook, casebook_url: str) -> None:
    note = "SELECT note FROM case_events WHERE position = 3"
    with book._engines.reading() as connection:
        before = connection.execute(sa.text(note)).scalar_one()
    book.erasing.erase(FORGET, NOW)
    with book._engines.reading() as connection:
        assert connection.execute(sa.text(note)).scalar_one() == ERASED
    owned(casebook_url, f"UPDATE case_events SET note = '{before}' WHERE position = 3")
    assert [(one.table, one.key) for one in book.seals.verify(keys=KEYS).faults] == [("case_events", "3")]


def test_no_byte_of_an_erased_person_is_left_in_the_casebooks_files(tmp_path: Path) -> None:
    with Casebook(url_of(tmp_path)) as book, closing(sqlite3.connect(tmp_path / "casebook.db")) as reader:
        filled(book)
        assert reader.execute("SELECT count(*) FROM assessments").fetchone() == (2,)
        book.erasing.erase(FORGET, NOW)
        assert book.erasing.overwrite_free_space()
        held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not [name for name in (WANG, LOAN, "baker") if name.encode() in held]
    assert LI.encode() in held


def test_a_disk_without_room_for_a_new_file_of_the_casebook_is_said(tmp_path: Path) -> None:
    with Casebook(url_of(tmp_path)) as book:
        filled(book)
        with full_disk(), pytest.raises(StoreUnavailableError, match="casebook cannot be used now"):
            book.erasing.overwrite_free_space()
        assert book.erasing.overwrite_free_space()


def test_a_role_of_its_own_erases_where_the_services_role_may_not(postgres: str) -> None:
    with Casebook(postgres) as book:
        filled(book)
    with Casebook(log_in_as(postgres, "service")) as book:
        with pytest.raises(StoreUnavailableError, match="permission denied"):
            book.erasing.try_rights()
        with pytest.raises(StoreUnavailableError, match="permission denied"):
            book.erasing.erase(FORGET, NOW)
    with Casebook(log_in_as(postgres, "eraser")) as book:
        book.erasing.try_rights()
        assert book.erasing.found(FORGET) == book.erasing.erase(FORGET, NOW)
        assert not book.erasing.overwrite_free_space(), "that is for the server's operator"
    with Casebook(postgres) as book:
        assert WANG not in everything(book)
        assert book.seals.verify(keys=KEYS).faults == ()


@pytest.mark.parametrize(
    "right",
    ["UPDATE ON attachments", "INSERT ON audit_trail", "DELETE ON saved_views", "INSERT ON rewritable",
     "DELETE ON rewritable", "UPDATE ON cases", "USAGE ON SEQUENCE erasures_position_seq"],
)  # fmt: skip
def test_a_role_that_lacks_one_right_is_refused_before_anything_is_erased(postgres: str, right: str) -> None:
    with Casebook(postgres) as book:
        filled(book)
    eraser = log_in_as(postgres, "eraser")
    forge(postgres, f"REVOKE {right} FROM {sa.make_url(eraser).username}")
    with Casebook(eraser) as book, pytest.raises(StoreUnavailableError, match="permission denied"):
        book.erasing.try_rights()


def test_trying_the_rights_changes_nothing(book: Casebook) -> None:
    before = everything(book)
    book.erasing.try_rights()
    assert everything(book) == before
    assert book.seals.verify(keys=KEYS).faults == ()


def test_two_erasures_at_the_same_rows_bring_no_name_back(book: Casebook) -> None:
    """The second one's rows are rewritten by the first between its look and its transaction."""
    both = Renaming(people={LI: surrogate("Q", "02")}, applications={OTHER_LOAN: surrogate("R", "-1")})
    other = dataclasses.replace(FORGET, names=ErasedNames(both), certificate="ER-2")
    rewrite = book.erasing._rewrite

    def overtaken(*given: Any) -> int:
        book.erasing._rewrite = rewrite  # type: ignore[method-assign]
        book.erasing.erase(other, NOW)
        return rewrite(*given)

    book.erasing._rewrite = overtaken  # type: ignore[method-assign]
    while book.erasing.erase(FORGET, NOW):
        pass
    said = everything(book)
    assert not [name for name in (WANG, LI, LOAN, OTHER_LOAN) if name in said]
    assert book.seals.verify(keys=KEYS).faults == ()


def test_keys_of_requests_and_what_is_owed_go_with_a_rewritten_assessment(
    book: Casebook,
) -> None:
    """A request may end between the two steps of a pass."""
    book.erasing.erase(FORGET, NOW)
    claim = IdempotencyClaim(client="engine", key="late", fingerprint="f", at=NOW)
    book.record(assessment(3, applicant_id=WANG, application_id=LOAN), claim, to_outbox=True)
    rewriting = book.erasing._unguarded
    book.erasing._unguarded = lambda *_: Counter()  # type: ignore[method-assign]
    assert book.erasing.erase(FORGET, NOW) == {"assessments": 1}
    with pytest.raises(ErasedError):
        book.claimed(claim)
    book.erasing._unguarded = rewriting  # type: ignore[method-assign]
    assert book.erasing.erase(FORGET, NOW) == {"claims": 1, "owed": 1}
    assert book.claimed(claim) is None
    assert book.outbox_pending(9) == ()


def test_what_an_erasure_would_change_is_counted_and_stays(book: Casebook) -> None:
    before = everything(book)
    found = book.erasing.found(FORGET)
    assert everything(book) == before
    assert book.erasing.erase(FORGET, NOW) == found
    guarded = book.erasing.rewritten("ER-1")
    assert guarded == {table: found[table] for table in guarded}
    assert found.keys() - guarded == {"claims", "saved_views", "cases"}


def test_a_casebook_tells_whom_it_knows_and_what_the_store_is_owed_about_them(book: Casebook) -> None:
    owed = assessment(3, applicant_id="C-owed", application_id="loan-owed")
    book.record(owed, to_outbox=True)
    people = (WANG, LI, "C-owed", "C-nobody")
    assert book.people.known(people) == {WANG, LI, "C-owed"}
    assert book.people.owed(["C-owed"]) == (1, 0)
    assert book.people.owed([LI]) == (0, 1)
    assert book.people.owed(["C-nobody"]) == (0, 0)
    assert book.people.applications(people, owed.as_of) == {LOAN, OTHER_LOAN}


def test_who_is_called_as_an_erased_application_or_as_a_word_stays_untouched(casebook_url: str) -> None:
    """A person called `review` is erased, and an application called as Li is: notes may mean either."""
    renaming = Renaming(people={"review": surrogate("Q", "")}, applications={LI: surrogate("R", "")})
    forget = dataclasses.replace(FORGET, names=ErasedNames(renaming))
    with Casebook(casebook_url) as book:
        filled(book)
        before = [
            *book.audit.read(AuditFilter())[0],
            *book.latest_alerts([f"application:{OTHER_LOAN}"], LATER, 9),
        ]
        assert book.erasing.erase(forget, NOW) == {"case_events": 1, "attachments": 1}
        assert before == [
            *book.audit.read(AuditFilter())[0],
            *book.latest_alerts([f"application:{OTHER_LOAN}"], LATER, 9),
        ]
        assert book.people.held(LI).verdicts
        assert book.assessment("A-2").applicant_id == LI


def test_the_ids_of_alerts_and_messages_do_not_tell_whom_they_were_made_of(book: Casebook) -> None:
    def ids() -> list[str]:
        with book._engines.reading() as connection:
            alert = connection.execute(sa.text("SELECT alert_id FROM alerts")).scalar_one()
            message = connection.execute(sa.text("SELECT message_id, data FROM messages")).one()
        return [alert, message.message_id, orjson.loads(message.data)["alert_id"]]

    old = ids()
    assert old[0] == old[2]
    book.erasing.erase(FORGET, NOW)
    new = ids()
    assert new[0] == new[2]
    assert not {*old} & {*new}
    (alert,) = book.latest_alerts([f"application:{OTHER_LOAN}"], LATER, 9)
    assert new[:2] == [alert.alert_id, message_of(alert).message_id]

"""Users, sessions and the trail in a casebook: SQLite and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from graph.model.errors import ConflictError, SettingError, UnknownUserError
from investigations.casebook import Casebook
from investigations.casebook.user_files import SessionTerms
from investigations.users import AuditAction, AuditEntry, AuditFilter, AuditWay, DeskRole, DeskUser, user_name
from tests.support.casebooks import NOW, forge
from tests.support.desk.people import by_command

TERMS = SessionTerms(timedelta(minutes=30), timedelta(hours=2))


@pytest.fixture
def book(casebook_url: str) -> Iterator[Casebook]:
    with Casebook(casebook_url) as opened:
        yield opened


def user(name: str, **more: object) -> DeskUser:
    given = {"role": DeskRole.READER, "created_at": NOW, "password": "$argon2id$x"} | more
    return DeskUser(name=name, **given)  # type: ignore[arg-type]


def looked(by: str, subject: str, minutes: int = 0) -> AuditEntry:
    at = NOW + timedelta(minutes=minutes)
    return AuditEntry(at=at, by=by, way=AuditWay.SESSION, action=AuditAction.LOOKED, subject=subject)


def test_a_user_is_kept_as_they_are_and_a_name_is_ones_own(book: Casebook) -> None:
    wang = user("wang", subject="iss 1")
    assert not book.users.any()
    book.users.add(wang, by_command(NOW))
    assert book.users.named("wang") == book.users.of_subject("iss 1") == wang
    assert (book.users.any(), book.users.named("li")) == (True, None)
    with pytest.raises(ConflictError):
        book.users.add(user("wang"), by_command(NOW))
    with pytest.raises(ConflictError):
        book.users.add(user("li", subject="iss 1"), by_command(NOW))
    with pytest.raises(UnknownUserError):
        book.users.give_role("li", DeskRole.ADMIN, by_command(NOW))
    assert [one.name for one in book.users.all()] == ["wang"]


def test_a_session_lasts_while_it_is_used_and_not_beyond_its_hours(book: Casebook) -> None:
    wang = user("wang")
    book.users.add(wang, by_command(NOW))
    assert book.users.begin_session("s", wang, TERMS, by_command(NOW))

    def at(minutes: float) -> bool:
        return book.users.in_session("s", TERMS, NOW + timedelta(minutes=minutes)) is not None

    assert [at(0.5), at(29), at(58), at(87), at(116), at(119.9), at(120)] == [True] * 6 + [False]
    book.users.begin_session("other", wang, TERMS, by_command(NOW + timedelta(hours=3)))
    assert not at(1), "what ended is forgotten when somebody logs in"
    assert book.users.in_session("other", TERMS, NOW + timedelta(hours=3)) is not None


def test_whoever_was_changed_meanwhile_does_not_get_in(book: Casebook) -> None:
    wang = user("wang")
    book.users.add(wang, by_command(NOW))
    book.users.set_password("wang", "$argon2id$y", by_command(NOW))
    assert not book.users.begin_session("s", wang, TERMS, by_command(NOW))
    through = user("li", password=None)
    book.users.add(through, by_command(NOW))
    assert book.users.begin_session("t", through, TERMS, by_command(NOW))
    book.users.set_disabled("li", True, by_command(NOW))
    assert not book.users.begin_session("u", through, TERMS, by_command(NOW))
    assert book.users.in_session("t", TERMS, NOW) is None


def test_the_trail_is_read_by_whom_by_subject_and_by_time_in_pages(book: Casebook) -> None:
    book.audit.add([looked("wang", "applicant:A", n) for n in range(5)] + [looked("li", "ring:R", 9)])
    page, more = book.audit.read(AuditFilter(by="wang"), limit=3)
    rest, last = book.audit.read(AuditFilter(by="wang"), after=page[-1].position, limit=3)
    assert (len(page), more, len(rest), last) == (3, True, 2, False)
    assert [one.subject for one in book.audit.read(AuditFilter(subject="ring:R"))[0]] == ["ring:R"]
    within = AuditFilter(since=NOW + timedelta(minutes=2), until=NOW + timedelta(minutes=4))
    assert [one.at - NOW for one in book.audit.read(within)[0]] == [timedelta(minutes=n) for n in (2, 3)]
    assert not book.audit.read(AuditFilter(action=AuditAction.LOGGED_IN))[0]


@pytest.mark.parametrize("statement", ["UPDATE audit_trail SET \"by\" = 'li'", "DELETE FROM audit_trail"])
def test_nobody_changes_the_trail(book: Casebook, casebook_url: str, statement: str) -> None:
    book.audit.add([looked("wang", "applicant:A")])
    with pytest.raises(sa.exc.DatabaseError, match="append-only"):
        forge(casebook_url, statement)


@pytest.mark.parametrize(("typed", "kept"), [(" Wang ", "wang"), ("li@bank.example", "li@bank.example")])
def test_a_name_has_one_form(typed: str, kept: str) -> None:
    assert user_name(typed) == kept


@pytest.mark.parametrize("wrong", ["", "a b", "王", "-x", "x" * 65, "a\nb", "user:x"])
def test_what_cannot_be_a_name_is_refused(wrong: str) -> None:
    with pytest.raises(SettingError, match="a user's name"):
        user_name(wrong)

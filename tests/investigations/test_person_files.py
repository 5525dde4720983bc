"""What a casebook holds about one person is found in both databases, and nobody else's is."""

from __future__ import annotations

from datetime import timedelta

from investigations.casebook import Casebook
from investigations.casebook.book import IdempotencyClaim
from investigations.cases import NewCase, Verdict, VerdictValue
from tests.support.casebooks import NOW, assessment


def test_what_names_a_person_is_found_and_what_names_others_is_not(casebook_url: str) -> None:
    with Casebook(casebook_url) as book:
        claim = IdempotencyClaim(client="engine", key="k", fingerprint="f", at=NOW)
        book.record(assessment(1), claim)
        book.record(assessment(2, applicant_id="p2"))
        mine, _ = book.open_case(NewCase(reason="by hand", applicant_id="p1"), at=NOW, by="wang")
        book.open_case(NewCase(reason="by hand", applicant_id="p2"), at=NOW, by="wang")
        rings, _ = book.open_case(NewCase(reason="flagged", ring_id="R-1"), at=NOW, by="wang")
        at, said = NOW + timedelta(hours=1), VerdictValue.FALSE_POSITIVE
        verdict = Verdict(at=at, by="wang", value=said, people={"p1": said, "p2": said})
        book.give_verdict(rings, verdict, book.case(rings).version)
        book.give_verdict(mine, Verdict(at=at, by="li", value=said), book.case(mine).version)
        book.close_case(mine, book.case(mine).version, at=at, by="li")
        held = book.people.held("p1", ["a1"], ["R-1"])
        stranger = book.people.held("p9")
    assert (held.assessments, held.cases, held.ring_cases) == (("A-1",), (mine,), (rings,))
    assert [(one.case_id, one.at, one.value) for one in held.verdicts] == [(rings, at, "false_positive")]
    assert (held.keys, held.messages, held.saved_views, held.alerts) == (1, 1, 0, ())
    assert not any(
        (stranger.assessments, stranger.cases, stranger.verdicts, stranger.keys, stranger.messages)
    )

"""A service's folder with people whose names no other text holds by chance, to erase some of them from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from graph.journal.renaming import renamed_facts
from graph.model.erasure import Renaming
from graph.model.types import Facts
from investigations.casebook.book import IdempotencyClaim
from investigations.cases import NewCase, Verdict, VerdictValue
from investigations.users import AuditAction, AuditEntry, AuditWay
from service.assessment.context import AppContext
from service.assessment.repeats.replays import replay_latest
from service.opening import open_casebook
from service.settings import Settings
from service.wiring import wire
from tests.support.casebooks import assessment, everything
from tests.support.small_service import PlainModel, body, risk, service
from tests.support.small_worlds import applies, day, random_facts, uses

PEOPLE = 30
GONE = ("CUSTOMER-p003", "CUSTOMER-p004", "CUSTOMER-p011")
ONLY_ASSESSED = "CUSTOMER-nowhere-71"  # the casebook alone knows them
OWN_PHONE = "k1.0123456789abcdef0123456789abcdef"  # of GONE[0] alone


def customer(number: int) -> str:
    """The id of a person."""
    return f"CUSTOMER-p{number:03d}"


def named_facts() -> Facts:
    """A random small world with ids that can be searched for, and a phone of one person's own."""
    facts = random_facts(1, people=PEOPLE)
    names = Renaming(
        people={f"p{n:03d}": customer(n) for n in range(PEOPLE)},
        applications={a.application_id: f"LOAN-{a.application_id}" for a in facts.applications},
        events={e.event_id: f"EVENT-{e.event_id}" for e in facts.events},
    )
    named = renamed_facts(facts, names)
    own = applies(GONE[0], 30, uses("phone", OWN_PHONE), application_id="LOAN-own")
    return replace(named, applications=(*named.applications, own))


def filled(folder: Path, **changes: Any) -> Settings:
    """A service that has assessed a dozen people and has cases, verdicts and looks about some; it is closed
    again. `changes` are settings.
    """
    with closing(service(folder, named_facts(), **changes)) as context:
        for n in range(12):
            risk(context, body(f"LOAN-new-{n}", applicant_id=customer(n)))
        _casebook_of(context)
        return context.settings


def _casebook_of(context: AppContext) -> None:
    book, who = context.casebook, GONE[0]
    claim = IdempotencyClaim(client="engine", key="k", fingerprint="f", at=day(71), lasts=timedelta(days=900))
    nobody = assessment(1, applicant_id=ONLY_ASSESSED, application_id="LOAN-nowhere", as_of=day(70))
    book.record(nobody, claim)
    own, _ = book.open_case(NewCase(reason="by hand", applicant_id=who), at=day(71), by="wang")
    book.add_note(own, f"{who} lives with {customer(5)}", at=day(72), by="wang")
    book.attach(own, "notes.txt", "text/plain", f"{who} called".encode(), at=day(72), by="wang")
    said = VerdictValue.FALSE_POSITIVE
    verdict = Verdict(at=day(73), by="wang", value=said, people={who: said, customer(5): said})
    book.give_verdict(own, verdict, book.case(own).version)
    labels = book.owed_labels(10)
    context.store.add(Facts(labels=tuple(label for _, theirs in labels for label in theirs)))
    book.labels_delivered([one for one, _ in labels])
    look = AuditEntry(at=day(74), by="wang", way=AuditWay.KEY, action=AuditAction.LOOKED)
    book.audit.add([replace(look, subject=f"applicant:{one}") for one in (who, customer(5))])
    while book.seals.seal(day(75)):
        pass


def names_of(*people: str) -> list[str]:
    """Every id of these people in the small world, and the pseudonym that is theirs alone."""
    facts = named_facts()
    loans = [a.application_id for a in facts.applications if a.applicant_id in people]
    loans += [f"LOAN-new-{n}" for n in range(12) if customer(n) in people]
    loans += ["LOAN-nowhere"] if ONLY_ASSESSED in people else []
    events = [e.event_id for e in facts.events if e.applicant_id in people]
    return [*people, *loans, *events, *([OWN_PHONE] if GONE[0] in people else [])]


def traces(folder: Path, *people: str) -> Iterator[tuple[str, str]]:
    """Names of these people in the bytes of any file of a folder, with the file."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            held = path.read_bytes()
            yield from ((str(path.relative_to(folder)), name) for name in names_in(held, *people))


def names_in(held: bytes, *people: str) -> list[str]:
    """Names of these people in what is held."""
    return [name for name in names_of(*people) if _says(held, name.encode())]


def names_in_casebook(settings: Settings, *people: str) -> list[str]:
    """Names of these people in any row of the casebook, unpacked."""
    with open_casebook(settings.casebook) as book:
        return names_in(everything(book).encode(), *people)


def _says(held: bytes, name: bytes) -> bool:
    """Whether a name stands there by itself: `LOAN-a01` is no part of `LOAN-a012`."""
    at = held.find(name)
    while at >= 0:
        after = held[at + len(name) : at + len(name) + 1]
        if not after.isdigit():
            return True
        at = held.find(name, at + 1)
    return False


def replayed(settings: Settings) -> tuple[object, object]:
    """How many recorded assessments are computed again, and how many are equal."""
    with closing(wire(settings, scorer=PlainModel())) as context:
        figures = replay_latest(context, 1000)
    return figures["assessments"], figures["equal"]

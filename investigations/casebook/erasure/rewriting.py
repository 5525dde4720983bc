"""How each guarded table's row reads after an erasure."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from graph.journal.renaming import renamed_why
from investigations.casebook.tables.answer_tables import ASSESSMENTS
from investigations.casebook.tables.case_tables import (
    ATTACHMENTS,
    CASE_EVENTS,
    PERSON_VERDICTS,
    PROPOSALS,
    VERDICTS,
)
from investigations.casebook.tables.user_tables import AUDIT_TRAIL
from investigations.casebook.tables.watch_tables import ALERTS, MESSAGES
from investigations.erased_names import ERASED, ErasedNames
from investigations.watch.alerts import AlertCode, alert_id_of
from investigations.watch.messages import message_id_of

ERASED_REQUEST = "~erased~"  # the request's name of an assessment about somebody who was erased
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
Row = Mapping[Any, Any]
# What the cause of an alert names, by its code; that of the others is a ring or a snapshot.
_CAUSE_OF: Mapping[str, Callable[[ErasedNames, str], str]] = {
    AlertCode.BORROWER_CONFIRMED: ErasedNames.person,
    AlertCode.NEIGHBOUR_CONFIRMED: ErasedNames.person,
    AlertCode.RING_MEMBER_CONFIRMED: ErasedNames.person,
    AlertCode.LENDERS_BURST: ErasedNames.loan,
    AlertCode.COOLING_OFF_RETURN: ErasedNames.loan,
    AlertCode.DEVICE_CHANGED_HANDS: ErasedNames.node,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """What an erasure makes of rows: names, the cases that are about one of the erased alone, the id of the
    certificate, and of alerts that change it the id that they get.
    """

    names: ErasedNames
    own_cases: frozenset[str]
    certificate: str
    alert_ids: Mapping[str, str] = field(default_factory=dict)

    def of(self, table: sa.Table, row: Row) -> dict[str, Any]:
        """The columns of a row that change."""
        new = _OF_TABLE[table](self, row)
        return {name: value for name, value in new.items() if value != row[name]}

    def alert(self, row: Row) -> dict[str, str]:
        """Of an alert that names one of the erased in its subject or cause: both, and the id that follows."""
        subject, cause = self.names.node(row["subject"]), row["cause"]
        if (of_code := _CAUSE_OF.get(row["code"])) is not None:
            cause = of_code(self.names, cause)
        if (subject, cause) == (row["subject"], row["cause"]):
            return {}
        named = {"subject": subject, "cause": cause}
        return named | {"alert_id": alert_id_of(subject, row["code"], cause)}


def erased_answer(certificate: str) -> bytes:
    """What stands in the place of an answer, and of what it was computed from."""
    return zlib.compress(orjson.dumps({"erased": certificate}))


def _assessment(r: Rewriting, row: Row) -> dict[str, Any]:
    who, loan = row["applicant_id"], row["application_id"]
    if who not in r.names.people and loan not in r.names.applications:
        return _words_of_others(r, row)
    nothing = erased_answer(r.certificate)
    return {
        "applicant_id": r.names.people.get(who, who),
        "application_id": loan and r.names.applications.get(loan, loan),
        "request_id": ERASED_REQUEST,
        "answer": nothing,
        "audit": nothing,
    }


def _words_of_others(r: Rewriting, row: Row) -> dict[str, Any]:
    """Answers about others name people by masks; where one names an old name all the same, it goes."""
    out = {}
    for column in ("answer", "audit"):
        with suppress(zlib.error, ValueError):
            said = zlib.decompress(row[column])
            if r.names.may_stand_in(said.decode("utf-8", "replace")):
                before = orjson.loads(said)
                if (after := r.names.json(before)) != before:
                    out[column] = zlib.compress(orjson.dumps(after))
    return out


def _case_event(r: Rewriting, row: Row) -> dict[str, Any]:
    if row["case_id"] in r.own_cases and row["kind"] == "note":
        return {"note": ERASED}
    return {"note": r.names.text(row["note"])}


def _verdict(r: Rewriting, row: Row) -> dict[str, Any]:
    own = row["case_id"] in r.own_cases and row["note"] is not None
    return {"note": ERASED if own else r.names.text(row["note"])}


def _person_verdict(r: Rewriting, row: Row) -> dict[str, Any]:
    return {"applicant_id": r.names.person(row["applicant_id"])}


def _proposal(r: Rewriting, row: Row) -> dict[str, Any]:
    people = json.loads(row["people"])
    renamed = {r.names.person(who): said for who, said in people.items()}
    changed = {} if renamed == people else {"people": json.dumps(renamed)}
    return _verdict(r, row) | changed


def _attachment(r: Rewriting, row: Row) -> dict[str, Any]:
    if row["case_id"] not in r.own_cases and not any(map(r.names.named_in, _readable(row))):
        return {}
    empty = hashlib.sha256(b"").hexdigest()
    return {"name": ERASED, "content": b"", "sha256": empty}


def _readable(row: Row) -> Iterator[bytes]:
    """The name and content of a file, and what is packed in it."""
    content = bytes(row["content"])
    yield row["name"].encode()
    yield content
    for found in _STREAM.finditer(content):
        with suppress(zlib.error):
            yield zlib.decompress(found[1])


def _alert(r: Rewriting, row: Row) -> dict[str, Any]:
    evidence = json.loads(row["evidence"])
    renamed = r.names.json(evidence)
    changed = {} if renamed == evidence else {"evidence": json.dumps(renamed, ensure_ascii=False)}
    who = row["applicant_id"]
    return r.alert(row) | {"applicant_id": who and r.names.person(who)} | changed


def _message(r: Rewriting, row: Row) -> dict[str, Any]:
    data = json.loads(row["data"])
    renamed = r.names.json(data)
    if "alert_id" in data:
        renamed["alert_id"] = r.alert_ids.get(data["alert_id"], data["alert_id"])
    if "why" in data:
        renamed["why"] = [renamed_why(word, r.names.people) for word in data["why"]]
    if "reason" in data:
        renamed["reason"] = r.names.text(data["reason"])
    new: dict[str, Any] = {"subject": r.names.node(row["subject"])}
    if renamed != data:
        new["data"] = json.dumps(renamed, ensure_ascii=False)
    if "alert_id" in data and (new["subject"], renamed["alert_id"]) != (row["subject"], data["alert_id"]):
        new["message_id"] = message_id_of(row["type"], new["subject"], renamed["alert_id"])
    return new


def _look(r: Rewriting, row: Row) -> dict[str, Any]:
    words = {name: r.names.text(row[name]) for name in ("purpose", "detail")}
    return {"subject": row["subject"] and r.names.node(row["subject"])} | words


_OF_TABLE: Mapping[sa.Table, Callable[[Rewriting, Row], dict[str, Any]]] = {
    ASSESSMENTS: _assessment,
    CASE_EVENTS: _case_event,
    VERDICTS: _verdict,
    PERSON_VERDICTS: _person_verdict,
    PROPOSALS: _proposal,
    ATTACHMENTS: _attachment,
    MESSAGES: _message,  # before the alerts, whose old ids they hold
    ALERTS: _alert,
    AUDIT_TRAIL: _look,
}
REWRITTEN = tuple(_OF_TABLE)

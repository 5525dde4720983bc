"""How each guarded table's row reads after an erasure."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from investigations.casebook.tables import (
    ASSESSMENTS,
    ATTACHMENTS,
    CASE_EVENTS,
    PERSON_VERDICTS,
    PROPOSALS,
    VERDICTS,
)
from investigations.casebook.user_tables import AUDIT_TRAIL
from investigations.casebook.watch_tables import ALERTS, MESSAGES
from investigations.erased_names import ERASED, ErasedNames
from investigations.watch.alerts import alert_id_of

ERASED_REQUEST = "~erased~"  # the request's name of an assessment about somebody who was erased
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """What an erasure makes of rows: names, the cases that are about one of the erased alone, and the id of
    the certificate.
    """

    names: ErasedNames
    own_cases: frozenset[str]
    certificate: str

    def of(self, table: sa.Table, row: Row) -> dict[str, Any]:
        """The columns of a row that change."""
        new = _OF_TABLE[table](self, row)
        return {name: value for name, value in new.items() if value != row[name]}


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
    return {"applicant_id": r.names.name(row["applicant_id"])}


def _proposal(r: Rewriting, row: Row) -> dict[str, Any]:
    people = json.loads(row["people"])
    renamed = r.names.json(people)
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
    new = {name: r.names.name(row[name]) for name in ("subject", "cause", "applicant_id")}
    new["cause"] = r.names.text(new["cause"])
    evidence = json.loads(row["evidence"])
    renamed = r.names.json(evidence)
    if renamed != evidence:
        new["evidence"] = json.dumps(renamed, ensure_ascii=False)
    if any(new[name] != row[name] for name in ("subject", "cause")):
        new["alert_id"] = alert_id_of(str(new["subject"]), row["code"], str(new["cause"]))
    return new


def _message(r: Rewriting, row: Row) -> dict[str, Any]:
    data = json.loads(row["data"])
    renamed = r.names.json(data)
    changed = {} if renamed == data else {"data": json.dumps(renamed, ensure_ascii=False)}
    return {"subject": r.names.name(row["subject"])} | changed


def _look(r: Rewriting, row: Row) -> dict[str, Any]:
    words = {name: r.names.text(row[name]) for name in ("purpose", "detail")}
    return {"subject": r.names.name(row["subject"])} | words


_OF_TABLE: Mapping[sa.Table, Callable[[Rewriting, Row], dict[str, Any]]] = {
    ASSESSMENTS: _assessment,
    CASE_EVENTS: _case_event,
    VERDICTS: _verdict,
    PERSON_VERDICTS: _person_verdict,
    PROPOSALS: _proposal,
    ATTACHMENTS: _attachment,
    ALERTS: _alert,
    MESSAGES: _message,
    AUDIT_TRAIL: _look,
}
REWRITTEN = tuple(_OF_TABLE)

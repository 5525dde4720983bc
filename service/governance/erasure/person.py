"""Says of somebody about whom nothing is held that, and when, they were erased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from graph.model.erasure import ALWAYS
from graph.model.moments import moment
from graph.signatures import Keys
from graph.store.erased_codes import ErasedCodes, NameKind
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from investigations.users import AuditAction, AuditEntry, AuditFilter
from service.governance.erasure.erasing import SETTLES

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedPerson:
    """Somebody who was erased: by which code store and certificate know them, when that was, and the last
    erasure that the trail has from then; None where that cannot be said. `next_step` says how to end that
    erasure where it has not ended, so that the casebook may still name them.
    """

    code: str
    at: datetime | None
    certificate: str | None
    next_step: str | None = None


def erased_person(
    store: GraphStore, casebook: Casebook, keys: Keys, applicant_id: str
) -> ErasedPerson | None:
    """Whether that id was erased; None for one that was not. Raises SettingError where the store has erased
    people and the keys are not those by which it knows them.
    """
    codes = ErasedCodes(keys, store.refused())
    code = codes.code(NameKind.APPLICANT, applicant_id)
    if code is None:
        return None
    until = codes.until(NameKind.APPLICANT, applicant_id)
    if until >= ALWAYS:
        return ErasedPerson(code=code, at=None, certificate=None)
    certificate = _of_until(casebook, moment(until))
    steps = {one.certificate: one.next_step for one in casebook.erasure_plans.unended()}
    return ErasedPerson(
        code=code, at=moment(until) - SETTLES, certificate=certificate, next_step=steps.get(certificate or "")
    )


def _of_until(casebook: Casebook, until: datetime) -> str | None:
    """The certificate of the erasure that keeps its people out until that moment, as the trail says; of one
    that has not ended, or of which an earlier release said no moment, the last that had begun by then.
    """
    ended = [line for line in _lines(casebook, AuditAction.ERASED) if line.as_of is not None]
    for line in ended:
        if line.as_of == until:
            return _certificate(line)
    others = {line.subject for line in ended}
    begun = [
        line
        for line in _lines(casebook, AuditAction.ERASURE_BEGAN)
        if line.subject not in others and line.at <= until - SETTLES  # one begins when the other has ended
    ]
    return _certificate(begun[-1]) if begun else None


def _certificate(line: AuditEntry) -> str:
    return str(line.subject).partition(":")[2]


def _lines(casebook: Casebook, action: AuditAction) -> Iterator[AuditEntry]:
    after, more = 0, True
    while more:
        lines, more = casebook.audit.read(AuditFilter(action=action), after, _AT_ONCE)
        yield from lines
        after = lines[-1].position if lines else after

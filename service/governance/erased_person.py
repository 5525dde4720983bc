"""Says of somebody about whom nothing is held that, and when, they were erased."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from graph.model.erasure import ALWAYS
from graph.model.moments import moment
from graph.signatures import Keys
from graph.store.erased_codes import ErasedCodes, NameKind
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from investigations.users import AuditAction, AuditFilter
from service.governance.erasure import SETTLES

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
    planned = moment(until) - SETTLES  # one erasure begins when the other has ended
    certificate = _begun_before(casebook, planned)
    steps = {one.certificate: one.next_step for one in casebook.erasure_plans.unended()}
    return ErasedPerson(
        code=code, at=planned, certificate=certificate, next_step=steps.get(certificate or "")
    )


def _begun_before(casebook: Casebook, planned: datetime) -> str | None:
    """The certificate of the last erasure that the trail has of before that moment."""
    found, after, more = None, 0, True
    while more:
        lines, more = casebook.audit.read(AuditFilter(action=AuditAction.ERASURE_BEGAN), after, _AT_ONCE)
        for line in lines:
            after = line.position
            if line.at <= planned and line.subject:
                found = line.subject.partition(":")[2]
    return found

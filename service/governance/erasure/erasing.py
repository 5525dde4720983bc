"""Erases people from store and casebook together: planned, the plan kept in the casebook, done in steps that
may be cut off and repeated, and certified.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

from graph import private
from graph.model.erasure import ALWAYS, Erasure, Renaming, is_surrogate
from graph.model.errors import ConflictError, SettingError
from graph.model.moments import micros, moment
from graph.quantities import quantity
from graph.store.erased_codes import ErasedCodes, NameKind
from graph.store.erasing import ErasureRequest, planned
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from investigations.casebook.erasure.erasing import ErasedPeople
from investigations.casebook.erasure.erasure_plans import KeptPlan, subject_of
from investigations.erased_names import ErasedNames
from investigations.users import AuditAction, AuditEntry, AuditFilter, AuditWay
from service.governance.erasure.certificate import (
    EMBEDDED,
    CertifiedCodes,
    ErasureOutcome,
    left_after,
    signed,
)
from service.governance.erasure.frames import fill_frames_anew
from service.governance.erasure.plan import ErasurePlan, ErasureReason, SortedPeople, opened, sealed
from service.governance.erasure.trial import try_out
from service.opening import open_keyring
from service.settings import Settings

_ANY_TIME = datetime.max.replace(tzinfo=UTC)
_AT_ONCE = 500  # people of one query
_GUARDLESS = ("claims", "owed", "batch_scores", "saved_views", "deliveries", "cases")
SETTLES = timedelta(seconds=30)  # within which a store has the new names, once they are planned
_KEPT_OUT = "kept out, as its certificate says"
_MAY_BE_LEFT = "pseudonyms and names that were theirs alone may be left in the casebook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An erasure that is done: whom it was asked for, its certificate, and the file of that."""

    people: SortedPeople
    certificate: Mapping[str, Any]
    file: Path


class PeopleEraser:
    """Erases people from a store and its casebook, one erasure at a time. `out` is where certificates go.

    Every method raises StoreUnavailableError where store or casebook cannot be used, and SettingError where
    the store's key is missing.
    """

    def __init__(
        self,
        store: GraphStore,
        casebook: Casebook,
        settings: Settings,
        clock: Callable[[], datetime],
        out: Path,
    ) -> None:
        self._store, self._casebook, self._settings = store, casebook, settings
        self._clock, self._out = clock, out
        self._keys = open_keyring(settings, store).keys
        self._plans = casebook.erasure_plans

    def alone(self) -> AbstractContextManager[None]:
        """Raises ConflictError where another process is erasing people here."""
        return self._plans.alone()

    def begun(self) -> ErasurePlan | None:
        """An erasure that was cut off. Raises SettingError where the keys do not open its plan, ConflictError
        where one began that has not ended, and its plan is gone.
        """
        if (kept := self._plans.kept()) is not None:
            return opened(*kept, self._keys)
        for one in self._plans.unended():
            raise ConflictError(
                f"the erasure {one.certificate} was cut off, and names of its people may be left in the "
                f"casebook: {one.next_step}"
            )
        return None

    def cut_off(self) -> list[dict[str, str]]:
        """Every erasure that began and has not ended, and what to do about it."""
        return [one.shown for one in self._plans.unended()]

    def give_up(self, certificate: str, reason: ErasureReason) -> str:
        """Let an erasure go that nobody can end; what the trail says from then on of what may be left. Raises
        ConflictError where there is no such erasure, or its plan is there.
        """
        if certificate not in {one.certificate for one in self._plans.unended()}:
            raise ConflictError(f"no erasure {certificate} was cut off here: there is nothing to give up")
        if (kept := self._plans.kept()) is not None and kept.certificate == certificate:
            with suppress(SettingError):
                opened(*kept, self._keys)
                raise ConflictError(f"the plan of the erasure {certificate} is there: end it with --resume")
        self._plans.end(
            certificate, self._line(certificate, reason, AuditAction.ERASURE_GIVEN_UP, _MAY_BE_LEFT)
        )
        return _MAY_BE_LEFT

    def sorted_out(self, given: Collection[str]) -> SortedPeople:
        """Whom of those ids store or casebook know, and of whom they say that they were erased."""
        codes, known = self._codes(), self._known(given)
        rest = sorted(frozenset(given) - known)
        before = [who for who in rest if codes.until(NameKind.APPLICANT, who) or is_surrogate(who)]
        unknown = sorted(frozenset(rest) - frozenset(before))
        return SortedPeople(to_erase=sorted(known), unknown=unknown, erased_before=before)

    def check(self, people: SortedPeople, reason: ErasureReason) -> dict[str, Any]:
        """What an erasure would change, and what the store is still owed about them; nothing is changed."""
        try_out(self._store, self._casebook, self._settings)
        _, plan = self._planned(people, reason, "E-check")
        owed = self._casebook.people.owed(people.to_erase)
        return {"rows": plan.rows, "owed": owed._asdict()}

    def erase(self, people: SortedPeople, reason: ErasureReason, certificate: str = "") -> Done:
        """Erase them. Raises ConflictError where the store is still owed facts about them."""
        self._refuse_owed(people)
        try_out(self._store, self._casebook, self._settings)
        certificate = certificate or f"E-{micros(self._clock()):x}-{secrets.token_hex(5)}"
        while True:
            began = self._clock()
            erasure, plan = self._planned(people, reason, certificate)
            took = self._clock() - began
            self._keep(plan)
            if self._store.erase(erasure):
                break
            self._keep_out(people, 2 * took)  # facts about them came, or others were erased: nothing was done
        return self._finished(plan)

    def resume(self, plan: ErasurePlan) -> Done:
        """End an erasure that was cut off, with the same surrogates where the store has them already."""
        if self._store.edition() != plan.edition and not self._holds_any(plan):
            # the store had not begun
            return self.erase(self.sorted_out(plan.people.given), plan.reason, plan.certificate)
        return self._finished(plan)

    def erase_again(self, earlier: CertifiedCodes, reason: ErasureReason) -> Done | None:
        """Refuse what the codes of a certificate are of, and erase whom store or casebook know from before
        that: a backup was brought back, or a store loaded anew. None where they know nobody. A trail that has
        no line of that erasure gets one.
        """
        if (cut_off := self.begun()) is not None:
            raise ConflictError(f"the erasure {cut_off.certificate} was cut off: end it with --resume first")
        try_out(self._store, self._casebook, self._settings)
        self._refuse(earlier.codes)
        self._say_once(earlier, reason)
        found = self._known_before(ErasedCodes(self._keys, earlier.codes))
        if not found:
            return None
        return self.erase(SortedPeople(to_erase=sorted(found), unknown=(), erased_before=()), reason)

    def _say_once(self, earlier: CertifiedCodes, reason: ErasureReason) -> None:
        """That the store keeps out whom an erasure of elsewhere is of."""
        line = self._line(earlier.certificate, reason, AuditAction.ERASED, _KEPT_OUT)
        same = AuditFilter(action=line.action, subject=line.subject)
        if not self._casebook.audit.read(same, limit=1)[0]:
            self._casebook.audit.add([replace(line, as_of=earlier.until)])

    def overwrite_free_space(self) -> dict[str, bool]:
        """Overwrite what old rows left in files: of which part that was done."""
        return {
            "store": self._store.overwrite_free_space(),
            "casebook": self._casebook.erasing.overwrite_free_space(),
        }

    # -- the steps

    def _keep_out(self, people: SortedPeople, planning: timedelta) -> None:
        """Take no facts about them while it is planned again: else more could come each time."""
        until = self._clock() + planning + SETTLES
        named = Renaming(people={who: who for who in people.to_erase})
        self._refuse(self._codes().codes(named, until))

    def _refuse(self, codes: Mapping[str, int]) -> None:
        """Keep out from here on what these codes are of, and nothing less than before."""
        now = self._store.refused()
        more = {code: until for code, until in codes.items() if until > now.get(code, -1)}
        upto, before = self._store.state()
        if more and not self._store.erase(
            Erasure(renaming=Renaming(), upto=upto, before=before, edition=secrets.randbits(63), refused=more)
        ):
            self._refuse(codes)  # others were erased meanwhile

    def _planned(
        self, people: SortedPeople, reason: ErasureReason, certificate: str
    ) -> tuple[Erasure, ErasurePlan]:
        now = self._clock()
        loans = self._casebook.people.applications(people.to_erase, now)
        request = ErasureRequest(people=people.to_erase, until=now, applications=loans)
        erasure = planned(self._store, request, self._codes())
        # Whatever is assessed before the store has the new names is theirs; later it is somebody new's.
        until = max(self._clock() + SETTLES, self._kept_out_until(people.to_erase))
        refused = self._codes().codes(erasure.renaming, until)
        erasure = replace(erasure, refused=refused)
        if ErasedNames(erasure.renaming).text(reason.purpose) != reason.purpose:
            raise SettingError("the purpose names somebody who is to be erased: it stays in the trail")
        plan = ErasurePlan(
            certificate=certificate,
            began_at=now,
            until=until,
            reason=reason,
            people=people,
            renaming=erasure.renaming,
            edition=erasure.edition,
            rows={"store": _rows(erasure), "casebook": {}},
        )
        counted = sorted(self._casebook.erasing.found(self._erased(plan)).items())
        found = {str(table): rows for table, rows in counted}
        return erasure, replace(plan, rows={**plan.rows, "casebook": found})

    def _kept_out_until(self, people: Collection[str]) -> datetime:
        """The moment before which the store takes no facts about any of them already."""
        codes = self._codes()
        return moment(max((codes.until(NameKind.APPLICANT, who) for who in people), default=0))

    def _finished(self, plan: ErasurePlan) -> Done:
        """All that follows once the store has the new names; to be repeated from its beginning."""
        for wait_s in (0.0, self._settings.timeout_ms / 1000.0):  # requests under way end within their time
            sleep(wait_s)
            while self._casebook.erasing.erase(self._erased(plan), self._clock()):
                pass
        outcome = ErasureOutcome(
            frames=fill_frames_anew(self._store, self._settings),
            overwritten=self.overwrite_free_space(),
            given_up=self._plans.given_up(),
        )
        content = self._certificate(plan, outcome)
        file = self._out / f"erasure_{plan.certificate}.json"
        self._out.mkdir(parents=True, exist_ok=True)
        private.write(file, signed(content, self._keys))
        self._plans.end(plan.certificate, self._line_of(plan, AuditAction.ERASED))
        return Done(people=plan.people, certificate=content, file=file)

    def _certificate(self, plan: ErasurePlan, outcome: ErasureOutcome) -> dict[str, Any]:
        begun = plan.rows["casebook"]
        rows = {name: begun[name] for name in _GUARDLESS if name in begun}
        people = plan.people
        return {
            "certificate": plan.certificate,
            "began_at": plan.began_at.isoformat(),
            "until": plan.until.isoformat(),
            "at": self._clock().isoformat(),
            "by": plan.reason.by,
            "purpose": plan.reason.purpose,
            "people": {
                "asked": len(people.given),
                "erased": len(people.to_erase),
                "unknown": len(people.unknown),
                "erased_before": len(people.erased_before),
            },
            "store": {
                "kind": "sqlite" if self._settings.store.startswith(EMBEDDED) else "neo4j",
                "edition": str(plan.edition),
                "rows": plan.rows["store"],
                "overwritten": outcome.overwritten["store"],
            },
            "casebook": {
                "kind": "sqlite" if self._settings.casebook.startswith(EMBEDDED) else "postgresql",
                "rows": rows | self._casebook.erasing.rewritten(plan.certificate),
                "overwritten": outcome.overwritten["casebook"],
            },
            "left": [*left_after(self._settings, outcome)],
            "codes": dict(sorted(self._codes().codes(plan.renaming, plan.until).items())),
        }

    # -- what they look at

    def _codes(self) -> ErasedCodes:
        return ErasedCodes(self._keys, self._store.refused())

    def _erased(self, plan: ErasurePlan) -> ErasedPeople:
        names = ErasedNames(plan.renaming)
        return ErasedPeople(names=names, certificate=plan.certificate, until=plan.until, keys=self._keys)

    def _known(self, given: Collection[str]) -> frozenset[str]:
        """Those whom some fact or some row names."""
        return self._named(given, _ANY_TIME) | self._casebook.people.known(given)

    def _named(self, given: Collection[str], before: datetime) -> frozenset[str]:
        """Those whom some fact of before that moment names."""
        view, listed, known = self._store.view(before), sorted(given), set[str]()
        reads = (view.applications_of, view.events_of, view.dealings_of, view.labels_of, view.ties_of)
        for first in range(0, len(listed), _AT_ONCE):
            some = listed[first : first + _AT_ONCE]
            for read in reads:
                found: Mapping[str, Collection[object]] = read(some, 1)
                known |= {who for who, facts in found.items() if facts}
        return frozenset(known)

    def _known_before(self, codes: ErasedCodes) -> frozenset[str]:
        """Whom some fact or some assessment of before their erasure names."""
        names = {*self._store.view(_ANY_TIME).tables().applicant_ids.tolist()}
        names |= self._casebook.people.assessed()
        erased = defaultdict[int, list[str]](list)
        for who in sorted(names):
            if until := codes.until(NameKind.APPLICANT, who):
                erased[until].append(who)
        found = set[str]()
        for until, people in erased.items():
            before = moment(until) if until < ALWAYS else _ANY_TIME
            found |= self._named(people, before) | self._casebook.people.assessed(people, before)
        return frozenset(found)

    def _holds_any(self, plan: ErasurePlan) -> bool:
        """Whether the store has names that the plan gives: another erasure came after it."""
        names = frozenset(plan.renaming.people.values())
        return bool(names - self._store.unknown_ids((), names).applicants)

    def _refuse_owed(self, people: SortedPeople) -> None:
        owed = self._casebook.people.owed(people.to_erase)
        if any(owed):
            raise ConflictError(
                f"the store is still owed {quantity(owed.applications, 'application')} and the labels of "
                f"{quantity(owed.verdicts, 'verdict')} about them: wait until the service has brought them, "
                "seconds after the store is there again, then erase"
            )

    def _keep(self, plan: ErasurePlan) -> None:
        kept = KeptPlan(plan.certificate, sealed(plan, self._keys))
        began = replace(self._line_of(plan, AuditAction.ERASURE_BEGAN), at=plan.began_at)
        self._plans.keep(kept, began)

    def _line_of(self, plan: ErasurePlan, action: AuditAction) -> AuditEntry:
        detail = quantity(len(plan.people.to_erase), "person")
        return replace(self._line(plan.certificate, plan.reason, action, detail), as_of=plan.until)

    def _line(self, certificate: str, reason: ErasureReason, action: AuditAction, detail: str) -> AuditEntry:
        """What the trail says of an erasure; its subject is the certificate."""
        return AuditEntry(
            at=self._clock(), by=reason.by, way=AuditWay.COMMAND, action=action,
            subject=subject_of(certificate), purpose=reason.purpose, detail=detail,
        )  # fmt: skip


def _rows(erasure: Erasure) -> dict[str, int]:
    """How many names of which kind the store renames, and how many entries of the journal."""
    r = erasure.renaming
    named = {
        "people": r.people,
        "applications": r.applications,
        "events": r.events,
        "identifiers": r.identifiers,
    }
    return {name: len(names) for name, names in named.items()} | {"journal_entries": len(erasure.entries)}

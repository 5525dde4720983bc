"""Flag changes since the last snapshot with their reasons, so that no flagged ring disappears without one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from graph.model.types import Ring, RingChange
from graph.rings.groups.flag_retention import RetainedFlags
from graph.rings.weekly.rings_before import RingsBefore


def with_flags(
    changes: Iterable[RingChange],
    rings: Sequence[Ring],
    before: RingsBefore,
    evidence: tuple[RetainedFlags, Mapping[str, tuple[str, ...]]],
) -> list[RingChange]:
    """The changes, each with its flag and why. `rings` have their ids already; the evidence is what became of
    earlier flags, and why rings belong to others, by ring id.
    """
    flags, together = evidence
    now = {ring.ring_id: ring for ring in rings}
    home = _home(rings, before.flagged.values())
    out = []
    for change in changes:
        ring, old = now.get(change.ring_id), before.flagged.get(change.ring_id)
        crew = together.get(change.ring_id, ())
        if ring is not None and ring.kind.flagged:
            if old is not None:
                out.append(replace(change, flag="flagged", why=_stays(old, ring, flags) + crew))
            else:
                out.append(replace(change, flag="newly_flagged", why=_comes(change, before) + crew))
        elif old is not None:
            why = _goes(old, ring, home, flags) + crew
            out.append(replace(change, flag="no_longer_flagged", why=why))
        else:
            out.append(replace(change, why=crew) if crew else change)
    return out


def _home(rings: Sequence[Ring], flagged: Iterable[Ring]) -> Mapping[str, Ring]:
    """In which ring whoever was in a flagged one is now."""
    people = {member.applicant_id for ring in flagged for member in ring.members}
    return {m.applicant_id: ring for ring in rings for m in ring.members if m.applicant_id in people}


def _stays(old: Ring, ring: Ring, flags: RetainedFlags) -> tuple[str, ...]:
    """Why a flag stays, where the search by itself would have let it go."""
    return (f"held={_scores(old, ring)}",) if ring.ring_id in flags.retained else ()


def _comes(change: RingChange, before: RingsBefore) -> tuple[str, ...]:
    """Why a ring is flagged that was not: what it was taken for `before`, or out of which flagged rings it
    came.
    """
    if (was := before.kind_of(change.ring_id)) is not None:
        return (f"was={was.value}",)
    sources = [name for name in change.from_rings if name in before.flagged]
    return (f"part_of={','.join(sources)}",) if sources else ()


def _goes(old: Ring, ring: Ring | None, home: Mapping[str, Ring], flags: RetainedFlags) -> tuple[str, ...]:
    """Why a flag goes: the evidence against it, what of the evidence for it is gone, and where its people are
    now.
    """
    went = Counter(home[m.applicant_id].ring_id for m in old.members if m.applicant_id in home)
    flagged = sorted(
        {r.ring_id for m in old.members if (r := home.get(m.applicant_id)) is not None and r.kind.flagged}
    )
    why = list(flags.gone.get(old.ring_id, ()))
    if flagged and old.ring_id not in flags.gone:
        why.append(f"in_flagged={','.join(flagged)}")
    gone = [code for code in old.reason_codes if ring is None or code not in ring.reason_codes]
    if gone and not flagged:
        why.append(f"reasons_gone={','.join(gone)}")
    if ring is not None:
        why += [f"score={_scores(old, ring)}", f"taken_for={ring.kind.value}"]
    elif went and not flagged:
        nearest = max(went, key=lambda name: (went[name], name))
        kind = next(r.kind for r in home.values() if r.ring_id == nearest)
        why.append(f"among={nearest}:{kind.value}")
    return tuple(why)


def _scores(old: Ring, ring: Ring) -> str:
    return f"{old.score:.2f}>{ring.score:.2f}"

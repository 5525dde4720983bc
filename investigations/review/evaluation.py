"""Evaluates flagged groups against a ground truth that the search never saw: recall of rings and members, and
honest people flagged.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from graph.model.errors import SettingError
from investigations.review.ring_files import AS_OF, KNOWN_FRAUDS

MATCH = 0.5  # Jaccard from which a flagged group has found a ring
_FLAGGED = ("ring", "agent", "merchant")
_YES = ("1", "true", "yes")


@dataclass(frozen=True, slots=True)
class TrueApplicant:
    """The ground truth about an applicant: the kind of person, their ring (empty: none), and whether they are
    a fraud.
    """

    kind: str
    ring: str
    bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthMatch:
    """Flagged groups measured against the truth; shares are 0-1, `by_kind` by the truth's kinds of rings and
    people.

    `honest_flagged` is over all applicants who are neither bad nor in a ring. A share over nobody is None.
    """

    rings: int
    groups: int
    ring_recall: float | None
    member_recall: float | None
    precision: float | None
    honest_flagged: float | None
    recall_by_kind: Mapping[str, float]
    honest_by_kind: Mapping[str, float]

    def as_json(self) -> dict[str, object]:
        """Rounded, for the last line of a command."""
        out: dict[str, object] = {"rings": self.rings, "groups": self.groups}
        for name in ("ring_recall", "member_recall", "precision", "honest_flagged"):
            value = getattr(self, name)
            out[name] = None if value is None else round(value, 5)
        out["ring_recall_by_kind"] = {kind: round(v, 4) for kind, v in sorted(self.recall_by_kind.items())}
        out["honest_flagged_by_kind"] = {kind: round(v, 5) for kind, v in sorted(self.honest_by_kind.items())}
        return out


def read_truth(folder: Path, as_of: datetime) -> dict[str, TrueApplicant]:
    """`applicants.csv` by applicant, without those who first applied (`first_applied_at`, where the truth
    tells) at `as_of` or later.

    Raises SettingError when it is not there, lacks a column or holds an unreadable time.
    """
    path = folder / "applicants.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [
                row for row in csv.DictReader(file) if _appeared(row.get("first_applied_at") or "", as_of)
            ]
        return {
            row["applicant_id"]: TrueApplicant(row["kind"], row["ring"], row["bad"].strip().lower() in _YES)
            for row in rows
        }
    except (OSError, KeyError, ValueError) as error:
        raise SettingError(
            f"{path} is no truth: applicant_id, kind, ring and bad are needed ({error})"
        ) from error


def _appeared(first: str, as_of: datetime) -> bool:
    """Whether somebody had applied before the moment; a time without an offset is in its time zone, none at
    all leaves them in.
    """
    if not first:
        return True
    moment = datetime.fromisoformat(first)
    return (moment if moment.tzinfo else moment.replace(tzinfo=as_of.tzinfo)) < as_of


@dataclass(frozen=True, slots=True)
class FlaggedGroups:
    """The flagged groups of a review by ring id; its moment and who was known for fraud by then, None where
    an older version wrote the files.
    """

    groups: Mapping[str, frozenset[str]]
    as_of: datetime | None
    known_frauds: frozenset[str] | None

    def check_moment(self, as_of: datetime) -> None:
        """Raises SettingError for another moment than that of the rings: people would be missing from them,
        or from the truth.
        """
        if self.as_of is not None and self.as_of != as_of:
            raise SettingError(
                f"these rings are as of {self.as_of.isoformat()}, not {as_of.isoformat()}: give the --as-of "
                "that they were found with"
            )


def read_flagged(folder: Path) -> FlaggedGroups:
    """The flagged groups of a review. Raises SettingError when the files are not there."""
    try:
        rings = pq.read_table(folder / "rings.parquet", columns=["ring_id", "kind"])
        members = pq.read_table(folder / "members.parquet", columns=["ring_id", "applicant_id"]).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise SettingError(
            f"{folder} holds no ring review: rings.parquet and members.parquet are needed ({error})"
        ) from error
    flagged = {row["ring_id"] for row in rings.to_pylist() if row["kind"] in _FLAGGED}
    out: defaultdict[str, set[str]] = defaultdict(set)
    for row in members:
        if row["ring_id"] in flagged:
            out[row["ring_id"]].add(row["applicant_id"])
    stated = rings.schema.metadata or {}
    return FlaggedGroups(
        {ring: frozenset(people) for ring, people in out.items()},
        datetime.fromisoformat(stated[AS_OF].decode()) if AS_OF in stated else None,
        frozenset(json.loads(stated[KNOWN_FRAUDS])) if KNOWN_FRAUDS in stated else None,
    )


def measured(
    groups: Iterable[frozenset[str]], truth: Mapping[str, TrueApplicant], known: frozenset[str] | None
) -> dict[str, object]:
    """The figures of `matched` over everybody, and under `not_known` over those who were not known for fraud
    by then: what was found, beyond what had been confirmed already. `known_frauds` counts the known in the
    truth, `known_of_bad_flagged` their share of the bad who are flagged.

    Without `known` (None) these are None.
    """
    groups = list(groups)
    everybody = matched(groups, truth).as_json()
    if known is None:
        return {**everybody, "known_frauds": None, "known_of_bad_flagged": None, "not_known": None}
    unknown = {applicant: person for applicant, person in truth.items() if applicant not in known}
    bad = {a for group in groups for a in group if a in truth and (truth[a].bad or truth[a].ring)}
    share = _share(a in known for a in sorted(bad))
    return {
        **everybody,
        "known_frauds": len(truth) - len(unknown),
        "known_of_bad_flagged": None if share is None else round(share, 5),
        "not_known": matched((group - known for group in groups if group - known), unknown).as_json(),
    }


def matched(groups: Iterable[frozenset[str]], truth: Mapping[str, TrueApplicant]) -> TruthMatch:
    """Compare flagged groups with the truth. Applicants that are not in the truth are ignored."""
    rings: defaultdict[str, set[str]] = defaultdict(set)
    for applicant, person in truth.items():
        if person.ring:
            rings[person.ring].add(applicant)
    best: defaultdict[str, float] = defaultdict(float)
    count, flagged = 0, set[str]()
    for group in groups:
        count += 1
        known = {a for a in group if a in truth}
        flagged |= known
        for ring, common in Counter(truth[a].ring for a in known if truth[a].ring).items():
            best[ring] = max(best[ring], common / (len(rings[ring]) + len(known) - common))
    return _summed(rings, best, (count, flagged), truth)


def _summed(
    rings: Mapping[str, set[str]],
    best: Mapping[str, float],
    result: tuple[int, set[str]],
    truth: Mapping[str, TrueApplicant],
) -> TruthMatch:
    count, flagged = result
    kind_of = {
        ring: Counter(truth[a].kind for a in sorted(members)).most_common(1)[0][0]
        for ring, members in rings.items()
    }
    hits = {ring: best.get(ring, 0.0) >= MATCH for ring in rings}
    in_rings = set().union(*rings.values()) if rings else set()
    honest = {a for a, person in truth.items() if not person.bad and not person.ring}
    return TruthMatch(
        rings=len(rings),
        groups=count,
        ring_recall=_share(hits.values()),
        member_recall=_share(a in flagged for a in in_rings),
        precision=_share(truth[a].bad or bool(truth[a].ring) for a in flagged),
        honest_flagged=_share(a in flagged for a in honest),
        recall_by_kind=_by_kind((kind_of[ring], hit) for ring, hit in hits.items()),
        honest_by_kind=_by_kind((truth[a].kind, a in flagged) for a in honest),
    )


def _share(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return sum(counted) / len(counted) if counted else None


def _by_kind(rows: Iterable[tuple[str, bool]]) -> dict[str, float]:
    sorted_in: defaultdict[str, list[bool]] = defaultdict(list)
    for kind, hit in rows:
        sorted_in[kind].append(hit)
    return {kind: sum(hits) / len(hits) for kind, hits in sorted_in.items()}

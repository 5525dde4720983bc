"""People of a batch at its moment, by the feature functions of serving and training; no label and no loan's
fate is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from graph.facts.tables import Column
from graph.features import extraction as features
from graph.features.compute import (
    AGAIN,
    FEATURES,
    LACKS,
    NOBODY,
    OF_SEEDS,
    UNJUDGED,
    WALK,
    FeatureExtractor,
    FeatureRows,
    Walker,
    feature_rows,
)
from graph.features.read_neighbourhood import read_neighbourhood
from graph.frame.catch_up import Journal
from graph.frame.frame import Frame
from graph.frame.location import frame_of
from graph.frame.walk.seeds import Seeds, seeds
from graph.model.errors import FrameFullError, NotFoundError, StoreUnavailableError
from graph.model.moments import moment
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.suspicion.columns import Features
from graph.store.evidence import Subject
from graph.store.one_edition import of_one_edition
from graph.store.port import GraphStore, GraphView

# What speaks of a label, of a loan's fate beyond what the lender decided, or of an earlier ring: no label may
# vouch for itself or its own ring.
INFORMATIVE = frozenset(
    {
        "strong_bad", "bad_weight", "bad_two_steps", "bad_distance", "bad_share", "group_bad", "device_bad",
        "phone_bad", "contact_bad", "card_bad", "address_bad", "merchant_bad_share", "agent_bad_share",
        "own_fraud_labels", "own_late", "loans_closed", "neighbours_late_share", "moved_on_3d", "ring_score",
        "ring_size", "ring_bad_rate", "ring_near_score",
    }
)  # fmt: skip
NAMES: tuple[str, ...] = tuple(name for name in features.SIGNAL_NAMES if name not in INFORMATIVE)

_WANTED = np.array([features.SIGNAL_NAMES.index(name) for name in NAMES])
_AT_ONCE = 32  # people between which somebody who writes to the frame may come in: some milliseconds


# how a search asks what some people look like; `through_frame` makes one
SuspectSignals = Callable[[ApplicantRows, Column], Features]


def through_frame(store: GraphStore, revision: int, kept_in: str | Path = "") -> SuspectSignals:
    """What people look like through the store's frame (`graph.frame.location.frame_of`), of what `revision`
    and those before it told.
    """

    edition = store.edition()

    def look(applicants: ApplicantRows, some: Column) -> Features:
        with of_one_edition(store, edition), closing(frame_of(store, kept_in)) as frame:
            return signals_of(frame, revision, applicants, some)

    return look


def through_journal(journal: Journal, revision: int, folder: Path, zone: str) -> SuspectSignals:
    """What people look like through a frame in `folder` of what a journal has up to `revision`."""

    def look(applicants: ApplicantRows, some: Column) -> Features:
        with closing(Frame.open(folder, journal, zone)) as frame:
            return signals_of(frame, revision, applicants, some)

    return look


def of_few(closely: SuspectSignals, store: GraphStore, revision: int) -> SuspectSignals:
    """What `closely` says, and `through_view` where the frame cannot hold the store."""

    def look(applicants: ApplicantRows, some: Column) -> Features:
        try:
            return closely(applicants, some)
        except FrameFullError:
            return through_view(store, revision)(applicants, some)

    return look


def through_view(store: GraphStore, revision: int) -> SuspectSignals:
    """What people look like through the store's own view: some milliseconds a person, for few of them."""
    edition = store.edition()

    def look(applicants: ApplicantRows, some: Column) -> Features:
        extractor = FeatureExtractor(())
        rows = np.empty((len(some), len(extractor.names)))
        with of_one_edition(store, edition):
            view = store.view(moment(applicants.as_of), revision)
            for place, subject in enumerate(_subjects(view, applicants, some)):
                rows[place] = extractor.row(read_neighbourhood(view, subject)[0], unjudged=True)[0]
        return Features(NAMES, rows[:, _WANTED].astype(np.float32))

    return look


def _subjects(view: GraphView, applicants: ApplicantRows, some: Column) -> Iterator[Subject]:
    """Each of some people through their latest application, as `_seeds` has them."""
    for who, loan in zip(applicants.names(some).tolist(), applicants.latest(some).tolist(), strict=True):
        yield Subject(applicant_id=who, application=view.application(loan) if loan else None)


def signals_of(frame: Frame, revision: int, applicants: ApplicantRows, some: Column) -> Features:
    """The signals NAMES of `some` people (positions), one row each, as of the applicants' moment, of what
    `revision` and those before it told.

    Each is looked at through their latest application, as a lender who looks at it again would: its checks,
    amount and shop are known, and it is left out of their past. Who has made none is looked at without.
    Raises NotFoundError for somebody whom the frame does not have, FrameFullError where it cannot hold the
    store, and StoreUnavailableError where it cannot be brought to that revision.
    """
    people, extraction = _seeds(applicants, some), _Extraction(frame, revision)
    out = np.empty((len(some), len(NAMES)), np.float32)
    for start in range(0, len(some), _AT_ONCE):
        part = np.arange(start, min(start + _AT_ONCE, len(some)))
        out[part] = extraction.of(people.take(part))[:, _WANTED]
    return Features(NAMES, out)


class _Extraction:
    """The features of some people after the other, in room that grows with them."""

    def __init__(self, frame: Frame, revision: int) -> None:
        self._frame, self._revision = frame, revision
        self._walker, self._extractor = Walker(frame.zone), FeatureExtractor(())

    def of(self, people: Seeds) -> Column:
        """(N, columns of `graph.features.extraction.names`) float64."""
        into, done = feature_rows(np.empty((len(people.at), len(self._extractor.names)))), 0
        while done < len(people.at):
            done, stopped = self._go_on(people, done, into)
            if stopped == NOBODY:
                raise NotFoundError(
                    f"the frame does not have {people.name(done)}, their latest application or themselves"
                )
            if stopped == LACKS:
                self._walker.grow()
                self._extractor.forget()
        return into.rows

    def _go_on(self, people: Seeds, done: int, into: FeatureRows) -> tuple[int, int]:
        if not self._frame.catch_up(self._revision):
            raise StoreUnavailableError(
                "another process has been filling the frame for too long: try again later"
            )
        what = WALK | OF_SEEDS | AGAIN | FEATURES | UNJUDGED
        with self._frame.reading(self._revision) as arrays:
            return self._walker.compute(what, arrays, people, 0, done, self._revision, into, self._extractor)


def _seeds(applicants: ApplicantRows, some: Column) -> Seeds:
    """Each of some people through their latest application, or as a person where there is none."""
    latest = applicants.latest(some)
    asked = latest != None  # noqa: E711, of each of them
    names = np.where(asked, latest, applicants.names(some))
    return seeds([str(name) for name in names.tolist()], asked, np.full(len(some), applicants.as_of))

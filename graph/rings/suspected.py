"""How suspicious everybody is: by features alone, then the most suspicious once more, closely."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from graph.facts.tables import Column
from graph.model.errors import FrameFullError
from graph.rings.applicants.everybody import Asked, Everybody, Rows, added, merged
from graph.rings.applicants.labelled import StoreLabels
from graph.rings.applicants.moved import Moved, moved
from graph.rings.groups.suspects import among_suspects
from graph.rings.links.pull import suspect_links
from graph.rings.projected import Projected
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.learned import (
    Examples,
    drawn_evenly,
    fold_judges,
    folds_of,
    member_examples,
    standing_for,
)
from graph.rings.suspicion.people import SuspectSignals
from graph.rings.suspicion.places import least_of
from graph.rings.suspicion.pretrained_prior import beside_experience, shipped_judge
from graph.rings.suspicion.rows import ContextRows
from graph.rings.suspicion.scores import Rescaling, bounded, found_share
from graph.rings.suspicion.suspect_features import suspects_nearby

log = logging.getLogger("ringfence.rings")

_CLOSELY = 0.1  # of all applicants, the most suspicious at first sight, are looked at closely
_CLOSELY_AT_LEAST = 500  # people
_LABELS = ("fraud", "good", "since")
_UNSEEN_BELOW = 0.2  # of those, in order, are as suspicious as anybody else can be


def suspected(projected: Projected, labels: StoreLabels, closely: SuspectSignals | None) -> Everybody:
    """Everybody with `suspicion`, how suspicious each is: what other stores taught, until this one does. Then
    two looks: by features alone, and closely at the most suspicious, also by how they hang together with
    those whom the first look found; both out of fold, beside what other stores taught while this one's frauds
    are few.
    """
    everybody, context, share = projected.everybody, projected.context(), labels.totals.share_without_labels
    if not labels.totals.are_enough:
        return context.judged(everybody, shipped_judge(context), "suspicion")
    learn, examples, weight = _rows_to_learn_from(everybody, labels, labels.frauds)
    judges = fold_judges(context.of(learn).values, examples, weight)
    one = context.judged(everybody, judges, "suspicion")
    by = _rescaling(one, labels)
    raised = one.put(partial(_rescaled, by=by), ("suspicion",))
    some = _most_suspicious(one)
    rows = _looked(projected, context, one, some, _groups(projected, raised))
    try:
        own = _after_second_look(_Looked(projected, *rows, closely), one, some, labels)
    except FrameFullError as full:
        log.warning("%s: nobody is looked at closely", full)
    else:
        raised = own.put(partial(_rescaled, by=_rescaling(own, labels)), ("suspicion",))
    if not share:
        return raised
    # what other stores taught is a chance to be bad already: only what labels teach has to be rescaled
    both = context.judged(raised, shipped_judge(context), "elsewhere")
    return both.put(partial(_beside_experience, share=share), ("suspicion", "elsewhere"))


def _beside_experience(rows: Rows, given: Rows, share: float) -> Rows:
    return {"suspicion": beside_experience(rows["suspicion"], rows["elsewhere"], share)}


def _rescaling(everybody: Everybody, labels: StoreLabels) -> Rescaling:
    """How chances to be found bad become chances to be bad."""
    by = found_share(everybody.of(labels.frauds, "suspicion")["suspicion"])
    if by.found is None:
        return by
    top = everybody.answers(
        partial(_top, by=by, before=labels.mature_before), ("suspicion", "fraud", "since")
    )
    some = merged(top)
    return bounded(by, some["raised"], some["fraud"])


def _top(rows: Rows, given: Rows, by: Rescaling, before: int) -> Rows:
    """The mature whose chance is raised to .5 or more."""
    raised = by.raised(rows["suspicion"])
    at = np.flatnonzero((rows["since"] < before) & (raised >= 0.5))
    return {"who": rows["who"][at], "raised": raised[at], "fraud": rows["fraud"][at]}


def _rescaled(rows: Rows, given: Rows, by: Rescaling) -> Rows:
    return {"suspicion": by(rows["suspicion"])}


def _groups(projected: Projected, raised: Everybody) -> Moved:
    """Who has left the group of the first cut by the first look."""
    suspects, suspicion = suspect_links(projected.links, raised, ())
    coarse = np.unique(raised.of(suspects.people, "coarse")["coarse"], return_inverse=True)[1]
    return moved(suspects.people, among_suspects(suspects, suspicion, coarse))


@dataclass(frozen=True)
class _Most:
    """Whose `suspicion` is more than `least`, and who has just that much and stands no later than `last`."""

    least: float
    last: int

    def __call__(self, rows: Rows) -> Column:
        suspicion = rows["suspicion"]
        more, tied = suspicion > self.least, suspicion == self.least
        return np.asarray(more | tied & (rows["who"] <= self.last))


def _most_suspicious(everybody: Everybody) -> _Most:
    """Those who are looked at closely: equals in order of their positions."""
    count = min(max(int(_CLOSELY * len(everybody)), _CLOSELY_AT_LEAST), len(everybody))
    negative, below = least_of(everybody, ("suspicion",), _falling, count - 1)
    tied = partial(_is_tied, at=-negative)
    [last] = everybody.at_places(tied, ("suspicion",), np.array([count - 1 - below])).tolist()
    return _Most(-negative, last)


def _falling(rows: Rows) -> Column:
    return -rows["suspicion"]


def _is_tied(rows: Rows, at: float) -> Column:
    return np.asarray(rows["suspicion"] == at)


@dataclass(frozen=True)
class _Looked(Iterable[tuple[Column, Column, Features]]):
    """Those who are looked at closely, place after place: what surrounds them (`around`), how they hang
    together with those whom the first look found (`nearby`), and the group of the first cut of each (`cut`).
    """

    projected: Projected
    around: Iterable[tuple[Column, Features]]
    nearby: Iterable[tuple[Column, Features]]
    cut: Iterable[Rows]
    closely: SuspectSignals | None

    def __iter__(self) -> Iterator[tuple[Column, Column, Features]]:
        """Positions, ascending, folds, and a row of features for each; read again each time."""
        for (people, around), (_, nearby), cut in zip(self.around, self.nearby, self.cut, strict=True):
            if len(people):
                yield people, folds_of(cut["coarse"]), self._seen(people, around.beside(nearby))
            else:
                yield people, np.zeros(0, np.int64), around

    def of(self, people: Column) -> Features:
        """The features of some of them (N,), positions in ascending order."""
        whom: list[Column] = []
        rows: list[Column] = []
        for (who, around), (_, nearby) in zip(self.around, self.nearby, strict=True):
            at = np.flatnonzero(np.isin(who, people))
            beside = around.of(at).beside(nearby.of(at))
            whom.append(who[at])
            rows.append(beside.values)
        order = np.argsort(np.concatenate(whom))
        return self._seen(people, Features(beside.names, np.concatenate(rows)[order]))

    def _seen(self, people: Column, beside: Features) -> Features:
        return beside.beside(self.closely(self.projected.applicants, people)) if self.closely else beside


def _looked(
    projected: Projected, context: ContextRows, one: Everybody, some: _Most, groups: Moved
) -> tuple[Iterable[tuple[Column, Features]], Iterable[tuple[Column, Features]], Iterable[Rows]]:
    """What `_Looked` walks over, of `some` by the chances of the first look, `one`, and by the `groups` of
    it.
    """
    return (
        context.pieces(one, ("suspicion",), some),
        suspects_nearby(projected.links, one, groups, some),
        one.answers(partial(_cut_of, asked=some), ("coarse", "suspicion")),
    )


def _cut_of(rows: Rows, given: Rows, asked: Asked) -> Rows:
    at = np.flatnonzero(asked(rows))
    return {"who": rows["who"][at], "coarse": rows["coarse"][at]}


def _after_second_look(look: _Looked, one: Everybody, some: _Most, labels: StoreLabels) -> Everybody:
    """Everybody with the chance to be bad by both looks. Of whom was looked at closely it is learned among
    them from their context features and what the second look adds; nobody else is more suspicious than most
    of these. Not all of their rows are held at once.
    """
    frauds = labels.frauds[some({"who": labels.frauds, **one.of(labels.frauds, "suspicion")})]
    learn, examples, weight = _rows_to_learn_from(one, labels, frauds, some)
    judges = fold_judges(look.of(learn).values, examples, weight)
    second = ({"who": who, "second": judges.chance(seen.values, fold)} for who, fold, seen in look)
    both = one.filled((judges, some), "second", second)
    seen = ("suspicion", "second")
    at = (added(both.answers(_count_seen, ("second",)))["seen"] - 1) * np.float64(_UNSEEN_BELOW)
    between = [least_of(both, seen, _both_looks, int(place))[0] for place in (np.floor(at), np.ceil(at))]
    least = float(np.quantile(between, at - np.floor(at)))
    return both.put(partial(_own, least=least), seen)


def _count_seen(rows: Rows, given: Rows) -> Rows:
    return {"seen": np.array([(~np.isnan(rows["second"])).sum()])}


def _both_looks(rows: Rows) -> Column:
    """The chance of who was looked at twice, NaN of all others."""
    return np.asarray(np.sqrt(rows["suspicion"] * rows["second"]))


def _own(rows: Rows, given: Rows, least: float) -> Rows:
    seen = _both_looks(rows)
    return {"suspicion": np.where(np.isnan(seen), np.minimum(rows["suspicion"], least), seen)}


@dataclass(frozen=True)
class _Honest:
    """Who is an example of the honest: not known for fraud, and cleared or mature; among `some` alone."""

    before: int
    some: Asked | None = None

    def __call__(self, rows: Rows) -> Column:
        honest = ~rows["fraud"] & (rows["good"] | (rows["since"] < self.before))
        return honest & self.some(rows) if self.some else honest


def _rows_to_learn_from(
    everybody: Everybody, labels: StoreLabels, frauds: Column, some: Asked | None = None
) -> tuple[Column, Examples, Column]:
    """Positions to learn from, all the `frauds` and an even sample of the honest, among `some` alone;
    examples, and weights that stand for those left out.
    """
    honest = _Honest(labels.mature_before, some)
    names: tuple[str, ...] = (*_LABELS, "suspicion") if some else _LABELS
    count = added(everybody.answers(partial(_count, asked=honest), names))["asked"]
    learn = np.sort(np.r_[frauds, everybody.at_places(honest, names, drawn_evenly(count))])
    examples = member_examples(labels.of(learn), everybody.of(learn, "coarse")["coarse"])
    return learn, examples, standing_for(examples, count)


def _count(rows: Rows, given: Rows, asked: Asked) -> Rows:
    return {"asked": np.array([asked(rows).sum()])}

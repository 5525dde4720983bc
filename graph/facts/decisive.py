"""Read limits for one person or loan, and which labels and outcomes are kept when there are more than the
limit.
"""

from __future__ import annotations

from collections.abc import Iterable

from graph.model.types import Label, LabelValue, Outcome, OutcomeStatus

APPLICATIONS, EVENTS, DEALINGS = 64, 128, 64
"""How many of the latest applications (of a person or place), events (of a person) and dealings with others
are read.
"""
LABELS = 256
"""Up to so many labels of one person are all read; of more, only the decisive ones."""
SUBJECTS = 128  # subjects of labels that are read: applications, and the person as such
SOURCES = 8  # labels that are read of one subject, value and moment
OUTCOMES = 64
"""Up to so many outcomes of one application are all read; of more, the first of each status and the first
parts of the payout.
"""
PARTS = 16  # of a payout that are read


def decisive_labels(labels: Iterable[Label]) -> list[Label]:
    """The labels of one person that give the same fraud status as all of them together, oldest first.

    For each subject (a loan, or the person as such): the last fraud label, the last good label, and the first
    fraud label after that one, each with all labels of the same moment (at most SOURCES, by source name). Of
    more than MATTERS subjects: the person as such, then those that end in fraud, then the others, latest
    first. `since` is exact for one subject; with several it may differ where one was cleared while another
    still counted as fraud.
    """
    matters: dict[str, list[Label]] = {}
    for label in labels:
        matters.setdefault(label.application_id or "", []).append(label)
    ranked = sorted(matters, key=lambda matter: _rank(matter, matters[matter]))
    return sorted(
        (label for matter in ranked[:SUBJECTS] for label in _decisive_of_subject(matters[matter])),
        key=in_order,
    )


def in_order(label: Label) -> tuple[object, ...]:
    """Sort key: the order in which a store returns labels."""
    return (
        label.known_at,
        label.application_id or "",
        label.applicant_id or "",
        label.source or "",
        label.label.value,
    )


def first_outcomes(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The first outcome of each status of one application, and the first PARTS parts of its payout, oldest
    first.
    """
    steps = sorted(outcomes, key=lambda o: (o.at, o.status.value))
    first = {step.status: step for step in reversed(steps)}
    parts = [step for step in steps if step.status is OutcomeStatus.DISBURSED][:PARTS]
    return [step for step in steps if first[step.status] is step or step in parts]


def _rank(matter: str, labels: list[Label]) -> tuple[object, ...]:
    last = max(label.known_at for label in labels)
    fraud = any(label.known_at == last and label.label is LabelValue.FRAUD for label in labels)
    return matter != "", not fraud, -last.timestamp(), matter


def _decisive_of_subject(labels: list[Label]) -> list[Label]:
    fraud, good = (
        [label for label in labels if label.label is value] for value in (LabelValue.FRAUD, LabelValue.GOOD)
    )
    last_good = max((label.known_at for label in good), default=None)
    run = [label.known_at for label in fraud if last_good is None or label.known_at > last_good]
    kept = _labels_of_moment(good, last_good)
    for moment in {max((label.known_at for label in fraud), default=None), min(run, default=None)} - {None}:
        kept += _labels_of_moment(fraud, moment)
    return kept


def _labels_of_moment(labels: list[Label], moment: object) -> list[Label]:
    return sorted(
        (label for label in labels if label.known_at == moment), key=lambda label: label.source or ""
    )[:SOURCES]

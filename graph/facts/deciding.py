"""How much a store gives of one person or loan, and which labels and outcomes decide where there are more than anybody would read."""

from __future__ import annotations

from collections.abc import Iterable

from graph.model.types import Label, LabelValue, Outcome, OutcomeStatus

APPLICATIONS, EVENTS, DEALINGS = 64, 128, 64
"""How many of the latest applications of one person or place, events of one person, and dealings with others are read."""
LABELS = 256
"""As many labels of one person are read as they are; of more, those that decide."""
MATTERS = 128  # applications, and the person as such, on which labels are read
SOURCES = 8  # labels of one matter, value and moment that are read
OUTCOMES = 64
"""As many steps of one application are read as they are; of more, the first of each status and the first parts of the payout."""
PARTS = 16  # of a payout that are read


def deciding_labels(labels: Iterable[Label]) -> list[Label]:
    """Those of one person's labels by which `verdicts.standing` finds the same held for fraud as by all of them, oldest first.

    Of each matter: its last word for fraud, its last word for good, and the first word for fraud after that one, each with all that was said
    at the same moment (by at most SOURCES, in the order of their names). Of more than MATTERS matters: the person as such, then those that
    end in fraud, then the others, the latest first. `since` is the same for one matter, and may differ where one was cleared
    while another was held.
    """
    matters: dict[str, list[Label]] = {}
    for label in labels:
        matters.setdefault(label.application_id or "", []).append(label)
    ranked = sorted(matters, key=lambda matter: _rank(matter, matters[matter]))
    return sorted((label for matter in ranked[:MATTERS] for label in _words(matters[matter])), key=in_order)


def in_order(label: Label) -> tuple[object, ...]:
    """The order in which a store gives labels."""
    return label.known_at, label.application_id or "", label.applicant_id or "", label.source or "", label.label.value


def first_outcomes(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Of one application's steps the first telling of each status, and the first PARTS parts of its payout, oldest first."""
    steps = sorted(outcomes, key=lambda o: (o.at, o.status.value))
    first = {step.status: step for step in reversed(steps)}
    parts = [step for step in steps if step.status is OutcomeStatus.DISBURSED][:PARTS]
    return [step for step in steps if first[step.status] is step or step in parts]


def _rank(matter: str, labels: list[Label]) -> tuple[object, ...]:
    last = max(label.known_at for label in labels)
    fraud = any(label.known_at == last and label.label is LabelValue.FRAUD for label in labels)
    return matter != "", not fraud, -last.timestamp(), matter


def _words(labels: list[Label]) -> list[Label]:
    fraud, good = ([label for label in labels if label.label is value] for value in (LabelValue.FRAUD, LabelValue.GOOD))
    last_good = max((label.known_at for label in good), default=None)
    run = [label.known_at for label in fraud if last_good is None or label.known_at > last_good]
    kept = _said(good, last_good)
    for moment in {max((label.known_at for label in fraud), default=None), min(run, default=None)} - {None}:
        kept += _said(fraud, moment)
    return kept


def _said(labels: list[Label], moment: object) -> list[Label]:
    return sorted((label for label in labels if label.known_at == moment), key=lambda label: label.source or "")[:SOURCES]

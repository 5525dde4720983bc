"""The gate of a policy file: what it would do to the groups of those who were answered lately."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import NamedTuple

import numpy as np

from gnn.registry.checks import GateCheck, GateResult
from graph.store.port import GraphStore
from investigations.assessments import Decision, RiskAssessment
from investigations.casebook import Casebook
from investigations.dry_run import CountedPeople, DecidedPerson, dry_run, falls_under
from investigations.fairness.before_after import BeforeAfter, before_and_after
from investigations.policies.file import PolicyFile
from service.assessment.policies.files import PolicyFiles
from service.assessment.repeats.policy_dry_run import by_policy_file
from service.assessment.repeats.reading import refuse_another_store, views_of_many
from service.governance.gates.answered_lives import AnsweredLives
from service.governance.gates.group_checks import HonestLives, group_checks
from service.governance.gates.share_checks import share_checks
from service.opening import open_existing, policy_for
from service.registered_models import scorer_of
from service.settings import Settings

MOST = 5_000  # recorded answers that are decided again, the latest
LOOKED_AT = 50_000  # recorded answers, the latest, among which they are sought: a small lender's are rare
MEASURABLE = "measurable"


class JudgedPolicy(NamedTuple):
    """What the gate says of a policy file, and how each group was decided of and would be."""

    result: GateResult
    groups: dict[str, BeforeAfter]


def judged_policy(settings: Settings, casebook: Casebook, file: PolicyFile, now: datetime) -> JudgedPolicy:
    """Whether a file, among those whom it is about and who were answered lately, holds up the honest of a
    group more often than others with the same own history, and more than they were; and whether it approves,
    sends to review or declines far more or fewer people than were.

    Where nobody was answered yet, or of each group too few, nothing can be measured: the check says so, and
    passes, for a policy comes before the answers. Raises StoreError, RegistryError, BundleError,
    StoreChangedError, and SettingError for a store that the answers are not of.
    """
    looked_at = islice(casebook.backwards(), LOOKED_AT)
    latest = list(islice((one for one in looked_at if falls_under(file.scope, one)), MOST))[::-1]
    people: list[DecidedPerson] = []
    if latest:
        with open_existing(settings.store, settings.timezone) as store:
            people = _decided_again(settings, store, (casebook, file, now), latest)
    shares = share_checks(people, settings.gate_shares)
    checks = [*shares, *policy_checks(people, settings.gate_fairness)]
    about = {"answers": len(latest), "people": len(people), "honest": sum(one.life.honest for one in people)}
    result = GateResult(version=file.digest, against="as decided", slice=about, checks=tuple(checks))
    return JudgedPolicy(result, before_and_after(people) if people else {})


def policy_checks(people: list[DecidedPerson], most_times: float) -> list[GateCheck]:
    """The checks of a gate by groups; of too few people that nothing could be measured."""
    honest = [one for one in people if one.life.honest]
    lives = HonestLives([one.life.groups for one in honest], [one.life.history for one in honest])
    now, then = (
        np.array([decision is not Decision.APPROVE for decision in decisions], bool)
        for decisions in ([one.now for one in honest], [one.then for one in honest])
    )
    checks = group_checks(lives, now, (then, "as they were decided"), most_times) if honest else []
    few = f"{len(honest)} honest people were answered lately: of no group enough to tell"
    return checks or [GateCheck(name=MEASURABLE, passed=True, value=float(len(honest)), sentence=few)]


def _decided_again(
    settings: Settings,
    store: GraphStore,
    what: tuple[Casebook, PolicyFile, datetime],
    latest: list[RiskAssessment],
) -> list[DecidedPerson]:
    casebook, file, now = what
    refuse_another_store(casebook, store)
    policy = policy_for(settings, scorer_of(settings, store))
    with views_of_many(store, settings) as views:
        decide = by_policy_file(views.at, policy, PolicyFiles(casebook), file)
        lives = AnsweredLives(views.at(now, views.now()))
        found = dry_run(latest, decide, file.scope, counted=CountedPeople(file.scope, lives.of))
    return list(found.people.values())

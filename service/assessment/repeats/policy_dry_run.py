"""What a policy file would have decided of recorded assessments, in the place of the file of its scope; and
whether a rule asked for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from graph.store.port import GraphView
from investigations.assessments import Conclusion, Decision, Level, RiskAssessment
from investigations.dry_run import Decide
from investigations.policies.file import PolicyFile, applied, chain_of
from investigations.policy import Findings, Policy
from service.assessment import audit_record
from service.assessment.evaluation import arrivals, rule_inputs
from service.assessment.policies.files import PolicyFiles
from service.assessment.policies.in_force import PolicyInForce

ViewAt = Callable[[datetime, int], GraphView]
"""The graph as of a moment and a revision."""


def by_policy_file(view_at: ViewAt, policy: Policy, files: PolicyFiles, file: PolicyFile) -> Decide:
    """Decides again what lies in the file's scope; `policy` is that of the settings and the model."""
    policies = PolicyInForce(policy, None, files)

    def decide(one: RiskAssessment) -> Decision:
        concluded = concluded_by(view_at, policies, file, one)
        return one.decision if concluded is None else concluded.decision

    return decide


def asked_then(view_at: ViewAt, policy: Policy, files: PolicyFiles) -> Callable[[RiskAssessment], bool]:
    """Says of a whole assessment whether a rule asked for a person, by the store and the files as they were
    then. Its reasons do not tell: a file chooses how many there are, and which rules ask.
    """
    policies = PolicyInForce(policy, None, files)

    def asked(one: RiskAssessment) -> bool:
        return audit_record.policy_of(one, policies).asked(_findings(view_at, one))

    return asked


def concluded_by(
    view_at: ViewAt, policies: PolicyInForce, file: PolicyFile, one: RiskAssessment
) -> Conclusion | None:
    """Decision and score of a whole assessment by the files that it was given by, with this one in the place
    of the one of the same scope; None where it lies outside the file's scope, or was not whole.

    The rules look at the store as it was then; the probability is the recorded one. Of reasons and
    dimensions only those of rules are there. Raises StoreChangedError for a row that cannot be read.
    """
    _, subject = audit_record.read(one)
    scope = audit_record.scope_of(subject)
    if not file.scope.covers(scope) or one.level is not Level.FULL or one.recorded_by is None:
        return None
    before = policies.files.recorded(audit_record.policy_files(one))
    chain = chain_of((*(other for other in before if other.scope != file.scope), file), scope)
    return applied(audit_record.policy_of(one, policies, files=False), chain).conclude(
        _findings(view_at, one)
    )


def _findings(view_at: ViewAt, one: RiskAssessment) -> Findings:
    """What a whole assessment found, as far as decision and score need it: the rules' inputs from the store
    as it was, arrivals and probability as recorded.
    """
    _, subject = audit_record.read(one)
    assert one.recorded_by is not None  # a whole one was read from the store
    inputs = rule_inputs(view_at(one.as_of, one.recorded_by), subject)
    return Findings(
        level=one.level,
        rule_inputs=replace(inputs, arrivals=arrivals(one.audit["signals"])),
        probability=one.probability,
    )

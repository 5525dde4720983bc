"""What one slice of news changes about loans in force: each cause holds in the view with the news and did not
hold in the one before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

from graph.facts.fraud_labels import FraudStatus, fraud_statuses
from graph.facts.loans import first_reported, returned_in_cooling_off
from graph.model.types import Application, Holders, Identifier, IdentifierKind, Role, Tie
from investigations.watch.alerts import Alert, AlertCode, about_loan
from investigations.watch.devices import changed_hands
from investigations.watch.news import Naming, News
from investigations.watch.ring_watch import member_alerts
from investigations.watch.watched import (
    BeforeAndNow,
    Bond,
    LoanInForce,
    bonds_of,
    holders,
    in_force,
    is_strong,
    loans_in_force,
    same_person,
)

BURST = timedelta(days=7)
BURST_LENDERS = 4
"""So many lenders beside the loan's own, first asked within BURST and after the pay-out."""
_KIND_WORDS: Mapping[IdentifierKind, tuple[str, str]] = {
    IdentifierKind.PHONE: ("phone number", "电话号码"),
    IdentifierKind.DEVICE: ("device", "设备"),
    IdentifierKind.BANK_CARD: ("bank card", "银行卡"),
    IdentifierKind.EMAIL: ("e-mail address", "电子邮箱"),
    IdentifierKind.NATIONAL_ID: ("national id", "身份证号"),
}


def alerts_of(news: News, views: BeforeAndNow) -> Iterator[Alert]:
    """The alerts about loans that these news are worth."""
    if frauds := newly_fraud(news, views):
        yield from _of_frauds(frauds, views)
    if news.namings:
        yield from _of_namings(news.namings, views)
    if news.applied:
        yield from _of_applications(news.applied, views)
    if news.returned:
        yield from _of_returns(news.returned, views)


def newly_fraud(news: News, views: BeforeAndNow) -> Mapping[str, FraudStatus]:
    """Who is known for fraud by these news and was not before."""
    if not (news.labelled_people or news.labelled_loans or news.applied):
        return {}
    loans = [views.now.application(loan) for loan in sorted(news.labelled_loans)]
    named = {loan.applicant_id for loan in loans if loan is not None}
    # a label may have come before the application that it is about: it counts from when that comes
    people = sorted(news.labelled_people | named | news.applied)
    now, before = (fraud_statuses(view.labels_of(people)) for view in (views.now, views.before))
    return {who: now[who] for who in people if now[who].fraud and not before[who].fraud}


def _of_frauds(frauds: Mapping[str, FraudStatus], views: BeforeAndNow) -> Iterator[Alert]:
    """What it means for their own loans, for who is near them, and for flagged rings that they belong to."""
    yield from member_alerts(frauds, views)
    bonds = bonds_of(views.now, frauds)
    loans = loans_in_force(views.now, {*frauds, *(other for each in bonds.values() for other in each)})
    for who, status in frauds.items():
        for loan in loans.get(who, ()):
            if loan.application.application_id not in status.loans:
                yield _alert(AlertCode.BORROWER_CONFIRMED, loan, views, cause=who)
        for other, bond in bonds.get(who, {}).items():
            for loan in loans.get(other, ()):
                yield _confirmed(loan, who, bond, views)


def _of_namings(namings: Collection[Naming], views: BeforeAndNow) -> Iterator[Alert]:
    """What new ties bring together: a loan with somebody known for fraud, a borrower's device with others."""
    held = holders(views.now, (one.identifier for one in namings))
    pairs = _new_pairs(namings, held, views)  # of a login on one's usual device none
    loans = loans_in_force(views.now, {mine.applicant_id for mine, _, _ in pairs})
    concerned = [pair for pair in pairs if pair[0].applicant_id in loans]
    if not concerned:
        return
    others = sorted({theirs.applicant_id for _, theirs, _ in concerned})
    fraud = fraud_statuses(views.now.labels_of(others))
    before = bonds_of(views.before, {m.applicant_id for m, t, _ in concerned if fraud[t.applicant_id].fraud})
    for mine, theirs, naming in concerned:
        borrower, other = mine.applicant_id, theirs.applicant_id
        for loan in loans[borrower]:
            if fraud[other].fraud and is_strong(mine, theirs) and other not in before.get(borrower, {}):
                yield _confirmed(loan, other, Bond(mine.identifier, mine, theirs), views)
            if _on_the_device(mine, theirs, naming) and changed_hands(loan, mine.identifier, views):
                yield _alert(
                    AlertCode.DEVICE_CHANGED_HANDS, loan, views, cause=mine.identifier.node,
                    path=(mine.identifier.node, f"applicant:{other}"), since=theirs.since,
                )  # fmt: skip


def _new_pairs(
    namings: Collection[Naming], held: Mapping[Identifier, Holders], views: BeforeAndNow
) -> list[tuple[Tie, Tie, Naming]]:
    """(one, another, by which naming): ties of two people to an identifier, each way round, where they were
    not both tied before or only now belong together.
    """
    before = holders(views.before, (one for one, each in held.items() if len(each.ties) > 1))
    out = []
    for naming in sorted(namings, key=lambda one: (one.applicant_id, one.identifier.node, one.role)):
        ties = held[naming.identifier].ties
        if len(ties) < 2:
            continue
        then = {(tie.applicant_id, tie.role): tie for tie in before[naming.identifier].ties}
        for one in ties:
            if (one.applicant_id, one.role) != (naming.applicant_id, naming.role):
                continue
            for other in ties:
                if other.applicant_id == one.applicant_id:
                    continue
                was = then.get((one.applicant_id, one.role)), then.get((other.applicant_id, other.role))
                if was[0] is None or was[1] is None or is_strong(one, other) > is_strong(was[0], was[1]):
                    out += [(one, other, naming), (other, one, naming)]
    return out


def _on_the_device(mine: Tie, theirs: Tie, naming: Naming) -> bool:
    """Whether somebody (`theirs`) applies on a device that was the borrower's (`mine`)."""
    return (
        naming.applying
        and theirs.applicant_id == naming.applicant_id
        and mine.identifier.kind is IdentifierKind.DEVICE
        and mine.role is theirs.role is Role.OWN
        and mine.since < theirs.since
    )


def _of_applications(applied: Collection[str], views: BeforeAndNow) -> Iterator[Alert]:
    """Who began to ask one lender after the other."""
    persons = same_person(views.now, applied)
    now = views.now.applications_of(sorted({one for ids in persons.values() for one in ids}))
    loans = in_force(views.now, now)
    for ids in {ids for ids in persons.values() if not loans.keys().isdisjoint(ids)}:
        for loan in (loan for who in sorted(ids) for loan in loans.get(who, ())):
            asked = _asked(loan, ids, now, views)
            if len(asked) < BURST_LENDERS or _asked_enough_before(loan, ids, views):
                continue
            first = min(asked.values(), key=lambda one: (one.applied_at, one.application_id))
            yield _alert(
                AlertCode.LENDERS_BURST, loan, views, cause=first.application_id, since=first.applied_at,
                values={"lenders": len(asked), "days": BURST.days},
            )  # fmt: skip


def _asked_enough_before(loan: LoanInForce, ids: Collection[str], views: BeforeAndNow) -> bool:
    """Whether it was a burst without the news already."""
    return len(_asked(loan, ids, views.before.applications_of(sorted(ids)), views)) >= BURST_LENDERS


def _asked(
    loan: LoanInForce,
    ids: Collection[str],
    applications: Mapping[str, Collection[Application]],
    views: BeforeAndNow,
) -> Mapping[str, Application]:
    """The other lenders that the person first asked lately and after the pay-out, each with that
    application.
    """
    first: dict[str, Application] = {}
    for one in sorted((a for who in ids for a in applications.get(who, ())), key=lambda a: a.applied_at):
        first.setdefault(one.platform_id, one)
    since = max(loan.paid_at, views.now.as_of - BURST)
    return {
        lender: one
        for lender, one in first.items()
        if lender != loan.application.platform_id and one.applied_at >= since
    }


def _of_returns(returned: Collection[str], views: BeforeAndNow) -> Iterator[Alert]:
    """Who sent a loan back while another one is in force."""
    now, before = (view.outcomes_of(sorted(returned)) for view in (views.now, views.before))
    back = [
        loan
        for name in sorted(returned)
        if returned_in_cooling_off(first_reported(now[name]))
        and not returned_in_cooling_off(first_reported(before[name]))
        and (loan := views.now.application(name)) is not None
    ]
    persons = same_person(views.now, {loan.applicant_id for loan in back})
    loans = loans_in_force(views.now, {one for ids in persons.values() for one in ids})
    for sent_back in back:
        for who in sorted(persons[sent_back.applicant_id]):
            for kept in loans.get(who, ()):
                yield _alert(
                    AlertCode.COOLING_OFF_RETURN, kept, views, cause=sent_back.application_id,
                    path=(f"applicant:{sent_back.applicant_id}", f"application:{sent_back.application_id}"),
                )  # fmt: skip


def _confirmed(loan: LoanInForce, fraud: str, bond: Bond, views: BeforeAndNow) -> Alert:
    kind_en, kind_zh = _KIND_WORDS[bond.identifier.kind]
    return _alert(
        AlertCode.NEIGHBOUR_CONFIRMED, loan, views, cause=fraud, since=bond.since,
        path=(bond.identifier.node, f"applicant:{fraud}"), values={"kind_en": kind_en, "kind_zh": kind_zh},
    )  # fmt: skip


def _alert(
    code: AlertCode, loan: LoanInForce, views: BeforeAndNow, *, path: tuple[str, ...] = (), **more: object
) -> Alert:
    mine = loan.application
    steps = (f"application:{mine.application_id}", f"applicant:{mine.applicant_id}")
    whole = steps + tuple(step for step in path if step != steps[1])
    seen = {"at": views.now.as_of, "recorded_by": views.now.revision, "path": whole}
    return about_loan(code, mine, **seen, **more)

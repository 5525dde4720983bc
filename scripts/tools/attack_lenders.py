"""Two lenders with keys of their own in one service: one tries to learn of, block or blacken the other's
people, thousands of times.
"""

from __future__ import annotations

import argparse
import itertools
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from graph.model.types import Facts, Platform, PlatformType
from scripts.cli.command import DONE, FAILED, Result, ended
from service.app import create_app
from service.http.limits.probing import MOST
from service.settings import Settings
from service.wiring import wire

EXAMPLE = """example:
  .venv/bin/python -m scripts.tools.attack_lenders --requests 10000"""
LENDERS = ("L1", "L2", "L3")
_MORE = ("L4", "L5", "L6")  # who lend to the same people, as the operator brings it
_PAD = "L7"  # a second lender of the attacker's, that makes one other lender look like a group
_KINDS = (PlatformType.MICROLOAN, PlatformType.BANK_ONLINE)
# of the victim, and of these whom the attacker asks for without having labelled them
_PEOPLE, _WATCHED = 40, 20


@dataclass
class Attack:
    """The attacker's requests so far, and what was learned: a kind of attack, and what came back that should
    not have.
    """

    client: Any
    keys: dict[str, str]
    sent: int = 0
    statuses: dict[str, dict[int, int]] = field(default_factory=dict)
    learned: list[str] = field(default_factory=list)

    def call(self, who: str, path: str, body: Any = None) -> tuple[int, Any, str]:
        """(status, answer, text) of a request with the key of `who`."""
        headers = {"Authorization": f"Bearer {self.keys.get(who, who)}"}
        got = (
            self.client.get(path, headers=headers)
            if body is None
            else self.client.post(path, json=body, headers=headers)
        )
        return got.status_code, got.get_json(silent=True), got.get_data(as_text=True)

    def try_(self, kind: str, path: str, body: Any = None, key: str = "L1") -> tuple[int, Any, str]:
        """One request of the attacker's; whatever it brings is searched for what is another's."""
        self.sent += 1
        status, answer, text = self.call(key, path, body)
        counts = self.statuses.setdefault(kind, {})
        counts[status] = counts.get(status, 0) + 1
        self.expect(
            kind,
            not any(
                f'"{foreign}"' in text or f"@{foreign}" in text
                for foreign in ("L2", "L3")
                if "foreign_lender" not in text
            ),
            text,
        )
        return status, answer, text

    def expect(self, kind: str, holds: bool, summary: object) -> None:
        """Note it where something was learned or changed."""
        if not holds and len(self.learned) < 50:
            self.learned.append(f"{kind}: {str(summary)[:200]}")


def person(n: int, lender: str) -> dict[str, Any]:
    """An application of the victim's n-th customer."""
    named = {"phone": f"139{n:04d}{7000 + n}", "device_id": f"device-{n:016x}"}
    return {
        "application_id": f"A-{n}",
        "applicant_id": f"C-{n}",
        "platform_id": lender,
        "amount": 5000,
        **named,
    }


def attacks(attack: Attack, audited: list[str]) -> Iterator[None]:
    """The attacker's ways in turn, for ever; `audited` are ids of the victim's assessments."""
    for n in itertools.count():
        victim, k = n % _WATCHED, str(n)
        # of whom the attacker's own labels make somebody known in its own name space
        blackened = _WATCHED + n % (_PEOPLE - _WATCHED)
        status, *_ = attack.try_(
            "foreign lender", "/risk", person(victim, LENDERS[1 + n % 2]) | {"application_id": "x" + k}
        )
        attack.expect("foreign lender", status in (422, 429), status)
        yield
        path = f"/risk/{audited[n % len(audited)]}" + ("/replay" if n % 2 else "")
        theirs, nobodys = (
            attack.try_("foreign assessment", path),
            attack.try_("foreign assessment", f"/risk/A-{secrets.token_hex(4)}"),
        )
        attack.expect(
            "foreign assessment", theirs[1]["code"] == nobodys[1]["code"] == "assessment_unknown", theirs[1]
        )
        yield
        watched = [
            attack.try_("monitoring", "/risk", {"stage": "monitoring", "applicant_id": who})[1]["code"]
            for who in (f"C-{victim}", "no" + k)
        ]
        attack.expect("monitoring", watched[0] == watched[1], watched)
        yield
        again = [
            attack.try_("second scan", "/risk", {"stage": "disbursement", "application_id": one})[1]["code"]
            for one in (f"A-{victim}", "no" + k)
        ]
        attack.expect("second scan", again[0] == again[1], again)
        yield
        attack.try_(
            "blacken",
            "/feedback",
            {"applicant_id": f"C-{blackened}", "label": "fraud", "known_at": "2026-01-01T00:00:00Z"},
        )
        attack.try_(
            "blacken",
            "/outcomes",
            {"application_id": f"A-{blackened}", "status": "dpd90", "at": "2026-01-01T00:00:00Z"},
        )
        attack.try_(
            "block",
            "/risk",
            person(blackened, "L1") | {"application_id": f"N-{n}", "phone": None, "device_id": None},
        )
        yield
        guess = f"139{n % 10000:04d}7001"
        attack.try_(
            "guess behind a mask",
            "/risk",
            {"application_id": "g" + k, "applicant_id": "g", "platform_id": "L1", "phone": guess},
        )
        yield
        batch = [person(blackened, lender) | {"application_id": f"b{n}-{lender}"} for lender in LENDERS]
        attack.try_("batch of variants", "/risk/batch", batch)
        yield
        yield from variants(attack, n)


def variants(attack: Attack, n: int) -> Iterator[None]:
    """The same person asked for again and again while others lend to it: by part of what is known of it, as
    either of two own lenders, in the audit, the replay and a batch. The differences must tell of no other
    lender's kind and of no time of day.
    """
    known = person(n % _WATCHED, "L1")
    attack.call(
        "operator", "/risk", known | {"application_id": f"o{n}", "platform_id": _MORE[n % len(_MORE)]}
    )
    for key, lender, left_out in (
        ("L1", "L1", ()),
        ("L1", "L1", ("device_id",)),
        ("pair", _PAD, ("phone",)),
        ("pair", "L1", ()),
    ):
        summary = known | {
            "application_id": f"v{n}-{key}{lender}{len(left_out)}",
            "applicant_id": f"V-{n}",
            "platform_id": lender,
        }
        requested = attack.try_(
            "difference of variants",
            "/risk",
            {name: value for name, value in summary.items() if name not in left_out},
            key,
        )[1]
        yield
        if "assessment_id" not in requested:  # guessing was noticed
            continue
        path = f"/risk/{requested['assessment_id']}"
        row, again = (
            attack.try_("difference of variants", one, key=key)[1]["answer"]
            for one in (path, f"{path}/replay")
        )
        for answer in (requested, row, again):
            attack.expect("difference of variants", tells_counts_alone(answer), answer)
        yield


def tells_counts_alone(answer: Mapping[str, Any]) -> bool:
    """Whether an answer says nothing of other lenders' kinds, in variables or reasons, and of the moments of
    what others did only the day.
    """
    named = [name for name, value in answer["multi_lending"]["variables"].items() if value]
    named += [reason["code"].lower() for reason in answer["reasons"] if reason["code"].startswith("ML_")]
    kinds = [name for name in named if name.split("_")[3] in ("bank", "nbank")]
    moments = [
        path["shared_since"]
        for reason in answer["reasons"]
        for path in reason["evidence"]
        if path["shared_since"]
    ]
    return not kinds and all("T00:00:00.000000" in moment for moment in moments)


def run(requests: int, folder: Path) -> dict[str, object]:
    """Set the two up, attack, and look whether the victim's answers are as they were."""
    keys = {lender: secrets.token_hex(32) for lender in (*LENDERS[:2], "operator", "pair")}
    bound = ",".join(
        [
            *(f"{lender}:{keys[lender]}:risk+facts@{lender}" for lender in LENDERS[:2]),
            f"operator:{keys['operator']}@*",
        ]
    )
    bound += f",pair:{keys['pair']}:risk@L1+{_PAD}"
    clock = itertools.count()
    start = datetime(2026, 6, 1, tzinfo=UTC)
    settings = Settings(
        store=f"sqlite:///{folder}/graph.db",
        casebook=f"sqlite:///{folder}/casebook.db",
        api_keys=bound,
        timeout_ms=60_000,
    )
    context = wire(settings, clock=lambda: start + timedelta(seconds=next(clock)))
    lenders = zip((*LENDERS, *_MORE, _PAD), itertools.cycle(_KINDS), strict=False)
    context.store.add(
        Facts(
            platforms=tuple(Platform(platform_id=one, type=kind, is_own=one == "L1") for one, kind in lenders)
        )
    )
    attack = Attack(create_app(context).test_client(), keys)
    audited = [attack.call("L2", "/risk", person(n, "L2"))[1]["assessment_id"] for n in range(_PEOPLE)]
    ways = attacks(attack, audited)
    while attack.sent < requests:
        next(ways)
    for n in range(_PEOPLE):
        status, answer, _ = attack.call("L2", "/risk", person(n, "L2") | {"application_id": f"N-{n}"})
        codes = {reason["code"] for reason in answer.get("reasons", [])}
        attack.expect("block", status == 200, answer)
        attack.expect("blacken", not codes & {"RULE_FRAUD_KNOWN", "RULE_LOAN_GONE_BAD"}, codes)
    passed = attack.statuses["guess behind a mask"].get(200, 0)
    attack.expect("guess behind a mask", passed <= MOST, f"{passed} guesses were answered")
    context.close()
    statuses = {
        kind: {str(status): count for status, count in counts.items()}
        for kind, counts in attack.statuses.items()
    }
    return {
        "requests": attack.sent,
        "learned": len(attack.learned),
        "what": attack.learned,
        "statuses": statuses,
    }


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 nothing was learned, 1 something was, 2 unusable arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--requests",
        type=int,
        default=10_000,
        metavar="N",
        help="how many the attacker sends (default: 10000)",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:

        def attacked() -> Result:
            figures = run(options.requests, Path(folder))
            return Result(figures, FAILED if figures["learned"] else DONE)

        return ended("attack_lenders", attacked)


if __name__ == "__main__":
    sys.exit(main())

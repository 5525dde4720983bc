"""What the demonstration shows and says: its figures in sentences, and three cases put to the service."""

from __future__ import annotations

import json
import random
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from graph.quantities import quantity

Row = dict[str, Any]
_IDENTIFIERS = ("national_id", "phone", "device_id", "bank_card", "email", "ip", "wifi", "address",
                "employer", "employer_phone",
                "contact_phone_1", "contact_phone_2", "agent_id", "merchant_id")  # fmt: skip
_ACCOMPLICES = 4
_TIMEOUT_MS = "20000"  # the first answer of a service that has just started may wait for its caches


@dataclass(frozen=True)
class Api:
    """The service of the demonstration, and a caller's key."""

    address: str
    key: str

    def risk(self, request: Mapping[str, Any]) -> Row:
        """The answer of POST /risk. A refusal is raised, with what it says."""
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.key}",
            "X-Timeout-Ms": _TIMEOUT_MS,
        }
        call = urllib.request.Request(
            f"{self.address}/risk", json.dumps(request, default=str).encode(), headers
        )
        try:
            with urllib.request.urlopen(call, timeout=60) as response:
                answer: Row = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            error.add_note(error.read().decode(errors="replace"))
            raise


def wait_until_ready(address: str, service: subprocess.Popen[str]) -> None:
    """Until /readyz says 200; raises CalledProcessError when the service ends instead."""
    while service.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise subprocess.CalledProcessError(service.returncode, "serve")


def say_world(counts: Row) -> None:
    """What the world holds."""
    say(
        f"{counts['applicants']:,} people made {counts['applications']:,} applications to "
        f"{counts['platforms']} lenders; {counts['labels']:,} of them were ever labelled by somebody."
    )


def say_load(figures: Row) -> None:
    """What became of the rows."""
    say(
        f"{figures['read']:,} rows read, {figures['accepted'] + figures['known']:,} in the graph, "
        f"{figures['rejected']:,} rejected, {figures['seconds']:.0f} s."
    )


def say_rings(figures: Row) -> None:
    """What the second scan changed."""
    say(
        f"{figures['links']:,} links between people; flagged: {quantity(figures['flagged'], 'ring')} with "
        f"{quantity(figures['members_flagged'], 'person')}. The week changed its mind: "
        f"{figures['newly_flagged']} newly flagged, {figures['no_longer_flagged']} no longer, "
        f"{quantity(figures['grown'], 'group')} grew, "
        f"{figures['merged']} merged, {figures['dissolved']} dissolved."
    )


def figures(judged: Row, learned: Row) -> Row:
    """The figures of the last line: rings and model beside what one usually does."""
    usual = max(judged["references"].values(), key=lambda one: one["ring_recall"])
    serves = learned[learned["serves"]]
    return {
        "rings": judged["rings"],
        "rings_found": judged["ring_recall"],
        "rings_found_usual": usual["ring_recall"],
        "honest_flagged": judged["honest_flagged"],
        "honest_flagged_usual": usual["honest_flagged"],
        "auc": serves["auc"],
        "ap": serves["ap"],
        "auc_usual": learned["reference"]["auc"],
        "ap_usual": learned["reference"]["ap"],
    }


def say_table(judged: Row, learned: Row) -> None:
    """Ringfence beside the usual recipes, judged by the truth that was kept aside."""
    result = figures(judged, learned)
    table = Table(
        title=f"\nJudged by the truth: {result['rings']} rings, {learned['test']['samples']:,} later "
        "applications",
        title_justify="left",
    )
    table.add_column("")
    for name in ("Ringfence", "the usual recipe"):
        table.add_column(name, justify="right")
    rows = (("rings found", "rings_found", ".0%"), ("honest people flagged", "honest_flagged", ".2%"),
            ("model: AUC", "auc", ".3f"), ("model: average precision", "ap", ".3f"))  # fmt: skip
    for title, name, form in rows:
        table.add_row(title, format(result[name], form), format(result[f"{name}_usual"], form))
    Console().print(table)
    say(what_it_costs(result))
    say(
        "Usual: Leiden or components on shared identifiers, flagged where a fraud is known inside; LightGBM "
        "on counts of shared identifiers."
    )


def what_it_costs(result: Row) -> str:
    """Rings found and honest people flagged by the usual recipe beside ours, in a sentence."""
    more = "more of these rings" if result["rings_found"] < result["rings_found_usual"] else "no more rings"
    ours, usual = result["honest_flagged"], result["honest_flagged_usual"]
    if ours >= usual:
        return f"The usual recipe finds {more}, and flags no more honest people."
    if not ours:
        return f"The usual recipe finds {more}, and flags {usual:.2%} of the honest people, Ringfence nobody."
    return f"The usual recipe finds {more}, and flags {usual / ours:.0f} times as many honest people."


def cases(api: Api, records: Path, rings: Path) -> Row:
    """Three cases: a ring caught early, somebody nobody knows, and a second look that changes its mind; what
    they came to.
    """
    applications = pq.read_table(records / "applications.parquet").to_pylist()
    frauds = {
        row["applicant_id"]
        for row in pq.read_table(records / "labels.parquet").to_pylist()
        if row["label"] == "fraud"
    }
    result = pq.read_table(rings / "rings.parquet").to_pylist()
    ring = caught_early(result)
    if ring is None:
        return {"desk": f"{api.address}/desk"}
    say_early(ring)
    confirmed = max(
        (one for one in result if one["kind"] == "ring"),
        key=lambda one: (one["confirmed_bad"], one["ring_id"]),
    )["ring_id"]
    people = {
        row["applicant_id"]
        for row in pq.read_table(rings / "members.parquet").to_pylist()
        if row["ring_id"] == confirmed
    }
    theirs = sorted(
        (one for one in applications if one["applicant_id"] in people), key=lambda one: str(one["applied_at"])
    )
    latest = {one["applicant_id"]: one for one in theirs if one["device_id"]}
    known = [one for one in latest.values() if one["applicant_id"] in frauds]
    out: Row = {"ring": ring["ring_id"], "days_early": ring["days_early"]}
    if known:
        source = random.Random(time.time_ns())
        out["newcomer"] = _newcomer(
            api, stranger(applications[-1], source) | {"device_id": known[-1]["device_id"]}
        )
        out["second_look"] = _second_look(api, stranger(applications[0], source), known[-_ACCOMPLICES:])
    return out | {"desk": f"{api.address}/desk?{urllib.parse.urlencode({'node': 'ring:' + ring['ring_id']})}"}


def caught_early(rings: Sequence[Row]) -> Row | None:
    """The flagged ring, of those that the back-test flagged before their first default, to which most was
    paid out after; without one, the worst. None where nothing is flagged.
    """
    flagged = [ring for ring in rings if ring["kind"] == "ring"]
    early = [ring for ring in flagged if (ring["days_early"] or 0) > 0]
    if early:
        return max(early, key=lambda ring: (ring["amount_after"], ring["days_early"], ring["ring_id"]))
    return max(flagged, key=lambda ring: (ring["score"], ring["ring_id"]), default=None)


def say_early(ring: Row) -> None:
    """What the back-test says of that ring."""
    if (ring["days_early"] or 0) > 0:
        flagged, default = (f"{ring[name]:%Y-%m-%d}" for name in ("would_flag_at", "first_default_at"))
        say(
            f"\n   A ring before its first default. With what was known on {flagged}, and not a day more, "
            f"{ring['ring_id']} ({ring['size']} people) was flagged already. Its first default came on "
            f"{default}, {quantity(round(ring['days_early']), 'day')} later; {_paid_after(ring)} paid out to "
            "it after the flag."
        )
    else:
        say(
            f"\n   The worst ring is {ring['ring_id']}: {ring['size']} people, {ring['confirmed_bad']} of "
            "them known for fraud."
        )


def _paid_after(ring: Row) -> str:
    loans = ring["loans_after"]
    if not loans:
        return "no loan was"
    return f"{loans} loans of {ring['amount_after']:,.0f} yuan were" if loans > 1 else "one loan was"


def stranger(template: Row, source: random.Random) -> Row:
    """An application of somebody nobody knows: what it asks for is the template's, every identifier is
    new.
    """
    kept = {
        name: value
        for name, value in template.items()
        if value is not None and name not in (*_IDENTIFIERS, "applied_at")
    }
    number = source.randrange(10**8)
    return kept | {
        "application_id": f"first-look-{number:08d}",
        "applicant_id": f"newcomer-{number:08d}",
        "phone": f"139{number:08d}",
        "device_id": f"{source.getrandbits(64):016x}",
    }


def _newcomer(api: Api, request: Row) -> Row:
    answer = api.risk(request)
    say(
        "\n   Somebody nobody knows: a new person, a new phone number, never seen by any lender. Only the "
        "device has been in other hands."
    )
    say_answer(answer)
    paths = [evidence["path"] for reason in answer["reasons"] for evidence in reason["evidence"]]
    out = {"decision": answer["decision"], "probability": answer["probability"]}
    if not paths:
        return out
    longest: list[str] = max(paths, key=len)  # the one that names what is shared, too
    say(f"     the path: {' -> '.join(longest)}")
    return out | {"path": longest}


def _second_look(api: Api, request: Row, accomplices: Sequence[Row]) -> Row:
    before = api.risk(request)
    say("\n   A second look. Somebody else applies, with a device of their own:")
    say_answer(before)
    for number, one in enumerate(accomplices):
        again = {name: value for name, value in one.items() if value is not None and name != "applied_at"}
        api.risk(
            again
            | {
                "application_id": f"{request['application_id']}-{number}",
                "device_id": request["device_id"],
                "contact_phone_1": request["phone"],
            }
        )
    after = api.risk({"stage": "disbursement", "application_id": request["application_id"]})
    say(
        f"   Before the money leaves, {len(accomplices)} people known for fraud apply from the same device "
        "and name that phone. Asked again:"
    )
    say_answer(after)
    return {
        name: {key: answer[key] for key in ("decision", "probability")}
        for name, answer in (("before", before), ("after", after))
    }


def say_answer(answer: Row) -> None:
    """Decision, probability and reasons."""
    probability = (
        "no probability"
        if answer["probability"] is None
        else f"probability of fraud {answer['probability']:.1%}"
    )
    say(f"     {answer['decision'].upper()}, {probability}, score {answer['score']}")
    for reason in answer["reasons"]:
        say(f"     - {reason['text_en']}")


def say(text: str) -> None:
    """A sentence for people."""
    print(text if text.startswith((" ", "\n")) else f"   {text}", flush=True)

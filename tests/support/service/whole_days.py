"""A day at a service with marked identifiers: what people and programs ask, careless ones among them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.deliveries import APPLICATION, deliver
from tests.support.raw_values import MARKED, NAME
from tests.support.small_service import body

Ask = Callable[[str, str, Any], tuple[int, bytes]]
CREW = [f"marked-{n}" for n in range(6)]


def asks(who: str, number: int, **more: Any) -> dict[str, Any]:
    """A request of somebody with every marked identifier."""
    request = body(f"marked-ask-{number}", applicant_id=who) | MARKED
    return request | {"name": NAME, "applied_at": None} | more


def bad_requests() -> Iterator[tuple[str, Any]]:
    """What a careless caller sends: marked values in the wrong places."""
    phone, card = MARKED["phone"], MARKED["bank_card"]
    for column in ("amount", "applied_at", "platform_id", "product", "term_months", "face_match", "stage"):
        yield "/risk", asks("marked-0", 1) | {column: phone}
        yield "/risk", asks("marked-0", 1) | {column: {"phone": card}}
    yield "/risk", asks("marked-0", 1, **{phone: 1, MARKED["email"]: 2, f"note {card}": 3})
    yield "/risk", [phone, card]
    yield "/risk", phone
    yield "/risk/batch", [asks("marked-0", 2, amount=phone), phone, {"applicant_id": [phone]}]
    yield "/feedback", {"application_id": "marked-ask-0", "label": phone, "known_at": card}
    yield "/events", {"event_id": "e", "kind": "login", "at": phone, "applicant_id": "marked-0"} | MARKED
    yield "/outcomes", {"application_id": "marked-ask-0", "status": phone, "at": "2025-01-01"}
    yield "/cases", {"applicant_id": "marked-0", "reason": f"call {phone}", phone: card}
    yield "/desk/paths", {"node": f"phone:{phone}", "to": card}
    yield "/desk/search", {"q": {"phone": phone}}
    yield "/desk/views", {"name": phone, "node": f"phone:{phone}", "as_of": "2025-01-01T00:00:00Z"}


def drive(ask: Ask, ring: str = "", lender: str = "L1") -> None:
    """What a day is made of: assessments, facts, searches, looks, a case from its opening to its end, and
    what careless people send.
    """
    phone, card, email = (MARKED[name] for name in ("phone", "bank_card", "email"))
    for number, who in enumerate(CREW):
        status, answer = ask("POST", "/risk", asks(who, number, platform_id=lender))
        assert status == 200, answer
    assessed = json.loads(answer)["assessment_id"]
    assert ask("GET", f"/risk/{assessed}", None)[0] == 200
    assert ask("GET", f"/risk/{assessed}/replay", None)[0] == 200
    event = {"event_id": "marked-e", "at": "2025-02-01T10:00:00+08:00", "kind": "transfer", "amount": 70}
    event |= {"applicant_id": "marked-0", "counterparty_id": "marked-1", "device_id": MARKED["device_id"]}
    assert ask("POST", "/events", event)[0] == 200
    label = {"application_id": "marked-ask-0", "label": "fraud", "known_at": "2025-02-02"}
    ask("POST", "/feedback", label | {"detail": f"tel {phone}"})
    for path, sent in bad_requests():
        assert ask("POST", path, sent)[0] < 500
    nodes = ["applicant:marked-0", f"phone:{phone}", f"bank_card:{card}", *([ring] if ring else [])]
    for value in [*MARKED.values(), f"phone:{phone}", email.upper(), NAME, f"wer ist {phone}"]:
        status, hits = ask("POST", "/desk/search", {"q": value})
        assert status == 200
        nodes += [hit["node"] for hit in json.loads(hits)]
    assert any(node.startswith("phone:k") for node in nodes), "who has a value finds it"
    for node in dict.fromkeys(nodes):
        for route in ("subgraph", "expand", "node", "history", "assessment", "alerts"):
            ask("GET", f"/desk/{route}?node={quote(node)}", None)
    ask("POST", "/desk/paths", {"node": "applicant:marked-0", "to": "applicant:marked-1"})
    for path in ("/desk/overview", "/rings", "/cases", "/alerts", "/metrics", "/audit", "/readyz"):
        ask("GET", path, None)
    work_on_a_case(ask)
    for path in ("/verdicts", "/cases/assignees"):
        ask("GET", path, None)


def work_on_a_case(ask: Ask) -> None:
    phone, card = MARKED["phone"], MARKED["bank_card"]

    def step(path: str, sent: dict[str, Any], want: int = 200) -> dict[str, Any]:
        status, answer = ask("POST", path, sent)
        assert status == want, answer
        done: dict[str, Any] = json.loads(answer)
        return done

    case = step("/cases", {"applicant_id": "marked-2", "reason": f"the branch says {phone}"})
    at = f"/cases/{case['case_id']}"
    step(f"{at}/notes", {"note": f"called {phone}, card {card}, mail {MARKED['email']}"})
    table = base64.b64encode(f"phone,card\n{phone},{card}\n".encode()).decode()
    papers = {"name": f"{phone}.csv", "media_type": "text/csv"}
    step(f"{at}/attachments", papers | {"content": table}, 422)
    step(f"{at}/attachments", papers | {"content": base64.b64encode(b"masked,****").decode()})
    version = step(f"{at}/notes", {"note": "looked"})["version"]
    verdict = {"value": "confirmed_fraud", "note": f"id {MARKED['national_id']}", "version": version}
    version = step(f"{at}/verdict", verdict)["version"]
    assert ask("POST", "/desk/case-file", {"case_id": case["case_id"]})[0] == 200
    step(f"{at}/close", {"note": f"done, {phone}", "version": version})
    assert ask("GET", at, None)[0] == 200


def a_careless_delivery(folder: Path) -> Path:
    """Rows with marked identifiers, good ones and ones that are rejected for each of their columns."""
    good = APPLICATION | MARKED | {"name": NAME, "city": f"call {MARKED['phone']}"}
    rows = [good | {"application_id": f"d{n}", "applicant_id": f"marked-{n}"} for n in range(4)]
    # not in `amount`: what is a number there is taken for one (docs/security.md#nothing-raw)
    for n, column in enumerate(("applied_at", "face_match", "platform_id", "application_id", "applicant_id")):
        wrong = "" if column.endswith("id") else MARKED["phone"]
        rows.append(good | {"application_id": f"bad{n}", column: wrong})
    rows += [good | {"application_id": "d0", "amount": "1"}]
    return deliver(folder, applications=rows)

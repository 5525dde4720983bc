"""Asking the same question in variants undoes nothing: of other lenders a lender is told counts, never kinds,
names or the time of day.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.features.lending.multi_lending import NAMES
from graph.features.signals.catalogue import SIGNALS
from graph.model.types import Facts, Platform, PlatformType
from service.app import create_app
from service.assessment.answers.redaction import Redaction
from tests.support.small_service import PlainModel, body, key, service
from tests.support.small_worlds import PLATFORMS, day

OTHERS = tuple(f"F{n}" for n in range(7))
NAMED = {"phone": "+86 150-7315-7065", "device_id": "6f1f9a62c0de4b7f", "national_id": "11010519491231002x"}
OF_THE_REQUEST = ("assessment_id", "request_id", "timings_ms")
REQUESTED = [
    f"ml_{window}_{key}_{part}"
    for window in ("1h", "3d", "15d", "6m")
    for key in ("phone", "device", "person", "ring")
    for part in (
        "all_apps",
        "others_lenders",
        "own_apps",
        "all_new_lenders",
        "night_apps",
        "bank_onl_apps",
        "nbank_ml_lenders",
        "cash_apps",
    )
]
TYPED = frozenset(name for name in NAMES if "_bank_" in name or "_nbank_" in name)


class World:
    """A service for the lenders L1 and L2 among others, who lend as `types` says; its clock is turned by
    hand.
    """

    def __init__(self, folder: Path, types: tuple[PlatformType, ...], scopes: str = "risk+facts") -> None:
        lenders = tuple(Platform(platform_id=one, type=kind) for one, kind in zip(OTHERS, types, strict=True))
        keys = f"us:{key('us')}:{scopes}@L1,both:{key('both')}:{scopes}@L1+L2,operator:{key('operator')}@*"
        self.wired = service(
            folder, Facts(platforms=PLATFORMS[:2] + lenders), api_keys=keys, scorer=PlainModel()
        )
        self.client = create_app(self.wired).test_client()
        self.number = count()
        # How often the service looks hangs on what is still at hand, and on who was the first to warm up.
        self.wired.clock.now, self.wired.clock.step = day(71), timedelta(0)

    def call(self, who: str, path: str, sent: Any = None) -> Any:
        self.later(1 / 3600)
        headers = {"Authorization": f"Bearer {key(who)}"}
        response = (
            self.client.get(path, headers=headers)
            if sent is None
            else self.client.post(path, json=sent, headers=headers)
        )
        assert response.status_code in (200, 404), response.get_data(as_text=True)
        return response.get_json()

    def later(self, hours: float) -> None:
        self.wired.clock.now += timedelta(hours=hours)

    def applies(self, lender: str, names: frozenset[str], status: str | None) -> None:
        """Somebody applies at another lender, which the operator brings, and what becomes of it."""
        one = f"o{next(self.number)}"
        person = {"applicant_id": f"x-{'-'.join(sorted(names))}", "platform_id": lender}
        self.call("operator", "/risk", nameless(one) | person | {name: NAMED[name] for name in names})
        if status:
            self.call(
                "operator",
                "/outcomes",
                {"application_id": one, "status": status, "at": self.wired.clock.now.isoformat()},
            )

    def asks(self, who: str, lender: str, names: frozenset[str]) -> list[Any]:
        """What a bound key can see of one question: the answer, its audit row, its replay, and the same
        person watched.
        """
        reported = (
            nameless(f"q{next(self.number)}")
            | {"platform_id": lender}
            | {name: NAMED[name] for name in names}
        )
        answer = self.call(who, "/risk", reported)
        path = f"/risk/{answer['assessment_id']}"
        return [
            answer,
            self.call(who, path),
            self.call(who, f"{path}/replay"),
            self.call(who, "/risk", {"stage": "monitoring", "applicant_id": "me", "variables": REQUESTED}),
            self.call(who, "/risk", {"stage": "monitoring", "applicant_id": "me"}),
        ]

    def close(self) -> None:
        self.wired.close()


def nameless(application_id: str) -> dict[str, Any]:
    return body(application_id, applicant_id="me", phone=None, device_id=None, national_id=None)


def bare(value: Any) -> Any:
    """Without what differs from one request to the next by its nature."""
    if isinstance(value, dict):
        return {name: bare(one) for name, one in value.items() if name not in OF_THE_REQUEST}
    return [bare(one) for one in value] if isinstance(value, list) else value


subsets = st.frozensets(st.sampled_from(sorted(NAMED)), min_size=1)
waits = st.sampled_from((0.0, 3.0, 30.0, 24.0 * 8, 24.0 * 40))
foreign = st.tuples(
    st.just("applies"),
    st.sampled_from(OTHERS),
    subsets,
    st.sampled_from((None, "rejected", "disbursed")),
    waits,
)
question = st.tuples(
    st.just("asks"),
    st.sampled_from((("us", "L1"), ("both", "L1"), ("both", "L2"))),
    subsets,
    st.none(),
    waits,
)
kinds = st.tuples(
    *[st.sampled_from((PlatformType.BANK_ONLINE, PlatformType.MICROLOAN, PlatformType.CONSUMER_FINANCE))]
    * len(OTHERS)
)


@given(
    history=st.lists(st.one_of(foreign, question), min_size=2, max_size=8),
    types=st.tuples(kinds, kinds),
    order=st.permutations(OTHERS),
)
@settings(max_examples=settings().max_examples * 2 // 5)  # two services each
def test_no_answer_depends_on_which_lenders_the_others_are_or_of_what_kind(history, types, order):
    seen = []
    for kinds_of, names in zip(types, (OTHERS, order), strict=True):
        with tempfile.TemporaryDirectory() as folder:
            world, answers = World(Path(folder), kinds_of), []
            for act, who, named, status, wait in (
                *history,
                ("asks", ("us", "L1"), frozenset(NAMED), None, 0.0),
            ):
                world.later(wait)
                if act == "applies":
                    world.applies(names[OTHERS.index(who)], named, status)
                else:
                    answers += world.asks(*who, named)
            world.close()
            seen.append(bare(answers))
    assert seen[0] == seen[1]


def typed(answer: dict[str, Any]) -> set[str]:
    return TYPED & answer["multi_lending"]["variables"].keys()


@pytest.fixture
def world(tmp_path):
    opened = World(tmp_path, (PlatformType.BANK_ONLINE, *(PlatformType.MICROLOAN,) * 6))
    yield opened
    opened.close()


PERSON = frozenset({"phone", "national_id"})


def test_a_fourth_lenders_kind_does_not_show_in_the_difference_to_three(world):
    for lender in OTHERS[1:4]:
        world.applies(lender, PERSON, None)
    three = world.asks("us", "L1", PERSON)[0]
    world.applies(OTHERS[0], PERSON, None)
    four = world.asks("us", "L1", PERSON)[0]
    counts = [one["multi_lending"]["variables"]["ml_7d_phone_others_lenders"] for one in (three, four)]
    assert counts == [3, 4], "how many were asked is told"
    for answer in (three, four):
        assert not {name for name in typed(answer) if answer["multi_lending"]["variables"][name]}
        assert "ml_7d_phone_bank_lenders" in answer["multi_lending"]["withheld"]


def test_own_lenders_do_not_make_one_other_lender_a_group_of_three(world):
    world.applies(OTHERS[0], PERSON, None)
    for lender in ("L1", "L2", "L1", "L2"):
        answer = world.asks("both", lender, PERSON)[0]
    assert not {name for name in typed(answer) if answer["multi_lending"]["variables"][name]}


def test_the_operator_and_a_lender_with_the_scope_are_told_of_kinds_as_before(world, tmp_path):
    for lender in OTHERS[:4]:
        world.applies(lender, PERSON, None)
    reported = world.call(
        "operator", "/risk", nameless("o") | {"applicant_id": "o", "phone": NAMED["phone"]}
    )["multi_lending"]["variables"]
    assert (reported["ml_7d_phone_bank_lenders"], reported["ml_7d_phone_nbank_lenders"]) == (1, 3)
    with_types = World(tmp_path / "with", (PlatformType.BANK_ONLINE,) * 7, "risk+types")
    with_types.applies(OTHERS[0], PERSON, None)
    assert (
        with_types.asks("us", "L1", PERSON)[0]["multi_lending"]["variables"]["ml_7d_phone_bank_lenders"] == 1
    )
    with_types.close()


def test_a_reason_that_rests_on_a_kind_speaks_of_all_lenders_and_is_not_lost(tmp_path):
    lenders = tuple(Platform(platform_id=one, type=PlatformType.MICROLOAN) for one in OTHERS)
    keys = f"us:{key('us')}:risk@L1,operator:{key('operator')}@*"
    model = PlainModel(weights={"ml_7d_phone_nbank_lenders": 2.0})
    context = service(tmp_path, Facts(platforms=PLATFORMS[:2] + lenders), api_keys=keys, scorer=model)
    client = create_app(context).test_client()

    def asked(who: str, application_id: str, lender: str) -> dict[str, Any]:
        reported = nameless(application_id) | {
            "applicant_id": application_id,
            "platform_id": lender,
            "phone": NAMED["phone"],
        }
        return client.post("/risk", json=reported, headers={"Authorization": f"Bearer {key(who)}"}).get_json()

    for n, lender in enumerate(OTHERS[:4]):
        asked("operator", f"o{n}", lender)
    first = asked("us", "q", "L1")["reasons"][0]
    assert (first["code"], first["value"], first["typical_p95"]) == ("ML_7D_PHONE_ALL_LENDERS", 4, None)
    assert first["text_en"] == "4 lenders asked in 7 days with this number"
    context.close()


def test_what_others_did_has_a_day_and_no_time_of_day_for_a_lender(tmp_path):
    keys = f"us:{key('us')}:risk@L1,operator:{key('operator')}@*"
    model = PlainModel(weights={"ml_12m_phone_all_lenders": 1.0})
    context = service(tmp_path, Facts(platforms=PLATFORMS), api_keys=keys, scorer=model)
    client = create_app(context).test_client()

    def asked(who: str, n: int) -> dict[str, Any]:
        reported = nameless(f"{who}{n}") | {
            "applicant_id": f"{who}{n}",
            "platform_id": "L1",
            "phone": NAMED["phone"],
        }
        return client.post("/risk", json=reported, headers={"Authorization": f"Bearer {key(who)}"}).get_json()

    context.clock.now = day(80.4)
    asked("operator", 0)
    context.clock.now = day(90.7)
    since = {who: asked(who, 1)["reasons"][0]["evidence"][0]["shared_since"] for who in ("us", "operator")}
    assert since["us"] == "2025-03-22T00:00:00.000000+08:00"
    assert since["operator"].startswith("2025-03-22T17:36:0")
    context.close()


def test_days_since_others_did_something_are_whole_for_a_lender() -> None:
    path = {"path": ["application:a", "phone:***"], "shared_since": "2025-03-22T17:36:01.000000+08:00"}
    reason = {"rank": 1, "code": "", "text_en": "", "text_zh": "", "value": 3.29, "evidence": [path]}
    for signal in (one for one in SIGNALS.values() if one.unit == "days"):
        answer = {
            "reasons": [reason | {"code": signal.code}],
            "ring": None,
            "multi_lending": {"variables": dict.fromkeys(NAMES)},
        }
        reported = Redaction(types=True, bound=True).answer(answer)["reasons"][0]
        assert (reported["value"], reported["text_en"]) == (3.0, signal.texts(3.0)[0])
        row = {
            "answer": answer,
            "audit": {"contributions": {}, "signals": {signal.name: 3.29, "strong_people": 2.0}},
        }
        assert Redaction(types=True, bound=True).row(row)["audit"]["signals"] == {
            signal.name: 3.0,
            "strong_people": 2.0,
        }
        assert Redaction(types=True, bound=False).row(row) == row

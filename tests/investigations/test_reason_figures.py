"""A number beside a reason has its unit and says of what, in English and Chinese."""

from __future__ import annotations

from datetime import timedelta

import pytest

from graph.model.types import Application, OutcomeStatus, RingKind
from investigations.reason_figures import MEASURED, figures
from investigations.rules import RING_LISTED, RuleInputs, fired
from tests.investigations.test_policy import in_ring
from tests.support.small_worlds import day

KEPT_IN_ANSWERS = {"typical_p95": None, "typical_p05": None}


def reason(code: str, value: float | None, **usual: float) -> dict[str, object]:
    return KEPT_IN_ANSWERS | {"code": code, "value": value} | usual


@pytest.mark.parametrize(
    ("given", "english", "chinese"),
    [
        (reason("RULE_RING_MEMBER", 21.0), "the group has 21 members", "该群体共 21 人"),
        (reason("RULE_DEVICE_BURST", 4.0), "4 people within the hour", "1 小时内 4 人"),
        (reason("RULE_FACE_MISMATCH", 0.31), "the face matched with 0.31", "人脸比对得分 0.31"),
        (reason("NETWORK_PATTERN", 14.3), "", ""),
        (reason("DEVICE_TAMPERED", 1.0), "", ""),
        (reason("STRONG_PEOPLE", 6.0, typical_p95=1.0), "95 % stay under 1 person", "95% 的人低于 1 人"),
        (reason("BAD_SHARE", 0.3, typical_p95=0.05), "95 % stay under 5%", "95% 的人低于 5%"),
        (reason("FACE_MATCH", 0.66, typical_p05=0.784), "95 % stay above 0.78", "95% 的人高于 0.78"),
        (reason("ML_7D_PERSON_ALL_APPS", 5.0, typical_p95=2.0), "95 % stay under 2", "95% 的人低于 2"),
        (reason("A_SIGNAL_OF_LAST_YEAR", 5.0, typical_p95=2.5), "95 % stay under 2.50", "95% 的人低于 2.50"),
        ({"code": "FACE_MATCH", "value": 0.66}, "", ""),
    ],
)
def test_a_figure_of_a_reason_has_its_unit_in_both_languages(given, english, chinese) -> None:
    assert figures(given) == (english, chinese)


def test_every_number_that_a_rule_measures_has_words() -> None:
    application = Application(
        application_id="a",
        applicant_id="p",
        platform_id="L1",
        applied_at=day(9),
        face_match=0.1,
        liveness=0.1,
    )
    everything = RuleInputs(
        as_of=day(10),
        application=application,
        applied_at=tuple(day(10) - timedelta(days=n) for n in range(6)),
        steps=((OutcomeStatus.DPD90,),),
        membership=in_ring(RingKind.RING),
        arrivals=dict.fromkeys(("device", "contact", "card"), (9.0, 99.0)),
    )
    numbers = {one.code.code for one in fired(everything) if one.value is not None}
    assert numbers | {RING_LISTED.code} == set(MEASURED)

"""Whatever the description allows, and what it forbids, is answered as it says: no fault of ours, no status,
field or header beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from service.app import create_app
from service.http.schemas.operation import Operation
from service.http.schemas.operations import OPERATIONS
from tests.support.small_service import key, service

pytestmark = pytest.mark.slow
KEY = key("an engine")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    monkeypatch = pytest.MonkeyPatch()
    # one address sends a great many here, and is to be told each time that they are wrong
    monkeypatch.setattr("service.app.WRONG_KEYS", 10**6)
    context = service(
        tmp_path_factory.mktemp("described"), api_keys=f"engine:{KEY}:risk+types+facts+rings+metrics@*"
    )
    schema = schemathesis.openapi.from_wsgi("/openapi.json", create_app(context))
    rejection = schema.config.checks.negative_data_rejection
    # a list that is longer than its schema allows is too large
    rejection.expected_statuses = [*rejection.expected_statuses, "413"]
    yield schema
    context.close()
    monkeypatch.undo()


# No schema says what a value means: which lenders there are, which card number can be one, that a masked
# phone is none.
BESIDE = [positive_data_acceptance]
IN_A_BATCH = [negative_data_rejection]  # its bad requests get their problems in an answer that is 200


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: one.name)
def test_every_operation_answers_as_described(api: Any, one: Operation, mode: GenerationMode) -> None:
    @given(case=api[one.path][one.method].as_strategy(generation_mode=mode))
    @settings(max_examples=50, suppress_health_check=list(HealthCheck))
    def holds(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            _at_a_known_lender(case.body)
        case.call_and_validate(
            headers={"Authorization": f"Bearer {KEY}"},
            excluded_checks=BESIDE + (IN_A_BATCH if one.name == "assess_batch" else []),
        )

    holds()


def _at_a_known_lender(body: Any) -> None:
    """Put a lender that there is into every request of a body: it would else be all that is ever said of
    it.
    """
    if isinstance(body, list):
        for one in body:
            _at_a_known_lender(one)
    elif isinstance(body, dict):
        _at_a_known_lender(body.get("requests"))
        if "platform_id" in body:
            body["platform_id"] = "L1"

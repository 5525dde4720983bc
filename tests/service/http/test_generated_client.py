"""A client that a generator makes of the description works against a live service, with types for all that it
sends and gets.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from service.http.schemas.request_schemas import EXAMPLE
from tests.support.desk.pages import running
from tests.support.small_service import key

KEY = key("an engine")
SENT = EXAMPLE | {"platform_id": "L1"}  # a lender of the small world


@pytest.fixture(scope="module")
def service_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(
        tmp_path_factory.mktemp("service"), api_keys=f"engine:{KEY}:risk+types+facts+rings@*"
    ) as desk:
        yield desk.removesuffix("/desk")


@pytest.fixture(scope="module")
def package(service_at: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the package that was generated of the live service's description."""
    folder = tmp_path_factory.mktemp("client")
    with urlopen(f"{service_at}/openapi.json") as reported:
        (folder / "openapi.json").write_bytes(reported.read())
    tools = Path(sys.executable).parent
    command = [
        tools / "openapi-python-client",
        "generate",
        "--path",
        "openapi.json",
        "--output-path",
        "ringfence_client",
        "--meta",
        "none",
    ]
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    created = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=os.environ | {"PATH": path}, check=False
    )
    assert created.returncode == 0, created.stderr
    # a warning: something was left out
    assert "arning" not in created.stdout + created.stderr, created.stdout + created.stderr
    sys.path.insert(0, str(folder))
    yield "ringfence_client"
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def client(package: str, service_at: str) -> Any:
    return import_module(package).AuthenticatedClient(base_url=service_at, token=KEY)


def test_the_documented_example_is_assessed_and_read_back(package: str, client: Any) -> None:
    models = import_module(f"{package}.models")
    assess, read_assessment, replay_assessment = (
        import_module(f"{package}.api.risk.{name}")
        for name in ("assess", "read_assessment", "replay_assessment")
    )
    answer = assess.sync(
        client=client,
        body=models.ApplicationRequest.from_dict(SENT),
        idempotency_key="one",
        x_timeout_ms=5000,
    )
    assert isinstance(answer, models.Assessment)
    assert answer.application_id == SENT["application_id"]
    assert answer.decision in models.Decision
    assert answer.degraded.level in models.Level
    assert all(isinstance(reason, models.AssessmentReason) for reason in answer.reasons)
    assert "ml_7d_person_all_lenders" in answer.multi_lending.variables
    assert assess.sync(
        client=client, body=models.ApplicationRequest.from_dict(SENT), idempotency_key="one"
    ).idempotent_replay
    row = read_assessment.sync(client=client, assessment_id=answer.assessment_id)
    assert row.intact
    assert row.answer.to_dict() == answer.to_dict()
    assert replay_assessment.sync(client=client, assessment_id=answer.assessment_id).equal


def test_a_person_is_watched_and_only_parts_of_the_answer_are_sent(package: str, client: Any) -> None:
    models = import_module(f"{package}.models")
    watched = models.MonitoringRequest(
        stage=models.MonitoringRequestStage.MONITORING, applicant_id="ann", fields=[models.PartName.SCORE]
    )
    answer = import_module(f"{package}.api.risk.assess").sync(client=client, body=watched)
    assert isinstance(answer, models.AssessmentParts)
    assert "decision" not in answer.to_dict()


def test_a_batch_gives_answers_and_problems_as_their_types(package: str, client: Any) -> None:
    models = import_module(f"{package}.models")
    batch = [
        models.ApplicationRequest.from_dict(SENT | {"application_id": f"b-{n}", "amount": amount})
        for n, amount in enumerate((1, -1))
    ]
    first, second = import_module(f"{package}.api.risk.assess_batch").sync(client=client, body=batch)
    assert isinstance(first, models.Assessment)
    assert isinstance(second, models.ProblemDocument)
    assert [error.field for error in second.errors] == ["amount"]


def test_facts_and_rings_have_their_types_too(package: str, client: Any) -> None:
    models = import_module(f"{package}.models")
    label = models.Label.from_dict(
        {"applicant_id": "ann", "label": "fraud", "known_at": "2025-02-01T10:00:00+08:00"}
    )
    assert import_module(f"{package}.api.facts.store_labels").sync(client=client, body=label).accepted == 1
    rings = import_module(f"{package}.api.rings.list_rings").sync(client=client, flagged=True)
    assert [ring.kind for ring in rings.rings] == [models.RingKind.RING]
    ring = import_module(f"{package}.api.rings.read_ring").sync(client=client, ring_id=rings.rings[0].ring_id)
    assert ring.members[0].role == "core"


def test_a_refusal_is_a_problem_with_its_code(package: str, service_at: str, client: Any) -> None:
    models, rings = import_module(f"{package}.models"), import_module(f"{package}.api.rings")
    read_ring = import_module(f"{rings.__name__}.read_ring")
    assert read_ring.sync(client=client, ring_id="R-none").code is models.ProblemDocumentCode.RING_UNKNOWN
    stranger = import_module(package).AuthenticatedClient(base_url=service_at, token="wrong")
    assert read_ring.sync(client=stranger, ring_id="R-none").code is models.ProblemDocumentCode.NO_VALID_KEY

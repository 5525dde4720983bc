"""deploy/kubernetes is kept honest: every object is one of Kubernetes', settings are settings, containers are
locked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from scripts.make_secrets import main as make_secrets
from service.http.front.ending import longest
from service.processes.serving import LEAVES_S
from service.settings import Settings

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
OBJECTS: list[dict[str, Any]] = [
    one
    for name in KUSTOMIZATION["resources"]
    for one in yaml.safe_load_all((FOLDER / name).read_text("utf-8"))
]
VERSIONS = ("1.30", "1.33")
PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"]
    if one["kind"] == "Deployment"
    else one["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    for one in OBJECTS
    if one["kind"] in ("Deployment", "CronJob")
}
named = pytest.mark.parametrize("pod", [pytest.param(pod, id=name) for name, pod in PODS.items()])


def environment(pod: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in pod["containers"][0]["env"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_as_kubernetes_has_it_and_none_is_left_out(version: str) -> None:
    for one in OBJECTS:
        kubernetes_validate.validate(one, version, strict=True)
    assert {path.name for path in FOLDER.glob("*.yaml")} == {
        *KUSTOMIZATION["resources"],
        "kustomization.yaml",
    }


@named
def test_a_pod_is_given_settings_that_there_are_from_secrets_that_are_made(
    pod: dict[str, Any], tmp_path: Path
) -> None:
    assert make_secrets([str(tmp_path / "secrets")]) == 0
    given = {
        name: value.replace("/secrets/", f"{tmp_path}/secrets/")
        for name, value in environment(pod).items()
        if name.startswith("RINGFENCE_")
    }
    settings = Settings.from_environment(given)
    assert settings.store.startswith("neo4j://")
    assert settings.casebook.startswith("postgresql+psycopg://")
    assert all(Path(value).exists() for name, value in given.items() if name.endswith("_FILE"))


@named
def test_a_pod_can_write_to_its_own_folders_alone_and_has_no_privilege(pod: dict[str, Any]) -> None:
    container = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounted = {one["mountPath"] for one in container["volumeMounts"]}
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
    places = [value for value in environment(pod).values() if value.startswith("/")]
    assert [value for value in places if f"/{value.split('/')[1]}" not in mounted] == []


def test_a_machine_is_ready_once_its_frame_is_near_and_also_without_the_store() -> None:
    container = PODS["ringfence"]["containers"][0]
    assert container["startupProbe"]["httpGet"]["path"] == "/readyz?behind=1000"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz?behind=1000&without_store=true"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_a_pod_is_not_killed_before_it_has_answered_what_it_has_begun() -> None:
    given = PODS["ringfence"]["terminationGracePeriodSeconds"]
    drain_s = Settings.from_environment(
        {"RINGFENCE_DRAIN_SECONDS": environment(PODS["ringfence"])["RINGFENCE_DRAIN_SECONDS"]}
    ).drain_seconds
    assert drain_s >= 5
    assert given > longest(drain_s) + LEAVES_S


def test_the_weekly_review_runs_once_at_a_time_whatever_the_machines() -> None:
    (weekly,) = [one for one in OBJECTS if one["kind"] == "CronJob"]
    assert weekly["spec"]["concurrencyPolicy"] == "Forbid"
    assert "ringfence rings" in PODS["ringfence-weekly"]["containers"][0]["args"][-1]

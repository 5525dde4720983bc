"""Rules for Prometheus and the dashboard for Grafana name metrics and labels that the service really has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from service.http import metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))[
    "groups"
][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "ringfence.json").read_text("utf-8"))
EXPRESSIONS = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
]
OURS: list[MetricWrapperBase] = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]


def names(one: MetricWrapperBase) -> Iterator[str]:
    """The names under which it stands in the exposition."""
    family = one.describe()[0]
    if isinstance(one, Histogram):
        yield from (f"{family.name}_{part}" for part in ("bucket", "count", "sum"))
    else:
        yield f"{family.name}_total" if family.type == "counter" else family.name


LABELS = {
    name: {*one._labelnames, *(("le",) if isinstance(one, Histogram) else ())}
    for one in OURS
    for name in names(one)
}


@pytest.mark.parametrize("one", OURS, ids=lambda one: one.describe()[0].name)
def test_every_metric_is_in_the_docs_with_its_labels(one: MetricWrapperBase) -> None:
    family = one.describe()[0]
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = f"{{{','.join(one._labelnames)}}}" if one._labelnames else ""
    assert f"| `{name}{labels}` |" in (DEPLOY.parent / "docs" / "monitoring.md").read_text("utf-8")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_names_metrics_and_labels_that_there_are(expression: str) -> None:
    named = re.findall(r"(ringfence_\w+)(?:\{([^}]*)\})?", expression)
    assert named
    for metric, chosen in named:
        assert metric in LABELS, metric
        assert {one.partition("=")[0].rstrip("!~ ") for one in chosen.split(",") if one} <= LABELS[metric]
    grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
    assert grouped <= set().union(*(LABELS[metric] for metric, _ in named))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_result_that_an_expression_chooses_is_one_that_the_docs_name(expression: str) -> None:
    docs = (DEPLOY.parent / "docs" / "monitoring.md").read_text("utf-8").splitlines()
    for metric, wanted in re.findall(r'(ringfence_\w+)\{(?:result|process|quantile)="([^"]*)"', expression):
        (row,) = (line for line in docs if line.startswith(f"| `{metric}{{"))
        assert f"`{wanted}`" in row


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_is_closed_where_it_opens(expression: str) -> None:
    opened: list[str] = []
    for one in re.sub(r'"[^"]*"', "", expression):
        if one in "([{":
            opened.append(one)
        elif one in ")]}":
            assert opened, expression
            assert opened.pop() + one in ("()", "[]", "{}"), expression
    assert opened == []


def test_what_monitoring_measures_is_alarmed_or_drawn() -> None:
    measured = (
        metrics.SNAPSHOT, metrics.OWED_FACTS, metrics.DRIFT, metrics.LABEL_DELAY, metrics.MODEL_ALARMS,
        metrics.MONITORED, metrics.MODEL_TRAINED,
    )  # fmt: skip
    for one in measured:
        (name,) = names(one)
        assert any(name in rule["expr"] for rule in RULES), name
        assert any(name in t["expr"] for panel in DASHBOARD["panels"] for t in panel["targets"]), name


def test_panels_have_places_and_numbers_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)


def test_every_alert_says_what_to_do_and_every_panel_what_it_shows() -> None:
    assert all(rule["annotations"]["summary"].endswith(".") and rule["labels"]["severity"] for rule in RULES)
    assert all(panel["description"] and panel["targets"] for panel in DASHBOARD["panels"])
    assert len({rule["alert"] for rule in RULES}) == len(RULES)

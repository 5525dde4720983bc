"""Exports the registry's models to MLflow: each version one run, with its parameters, measures, card, state
and history.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnn.registry.history import HistoryEntry, RegisteredModel
from gnn.registry.models import ModelRegistry
from graph.model.errors import RegistryError, SettingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT, _VERSION = "ringfence", "ringfence.version"
_ABOUT = (
    "name", "trained_as_of", "horizon_days", "capacity", "serves",
    "review_probability", "decline_probability",
)  # fmt: skip
_PARTS_OF = {"test": ("test", "measures"), "test_all": ("test", "all"), "validation": ("validation",)}


class MlflowExport:
    """What is written to a tracking server, or into a folder. `place`: its URI, or the folder.

    Raises SettingError where MLflow is not installed, RegistryError where the place cannot be used.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._client = _client(place if "://" in place else Path(place).absolute().as_uri())

    def write(self, registry: ModelRegistry, model: RegisteredModel) -> bool:
        """Write one model down; whether its run is new: what was written before gets state and history
        alone. Raises RegistryError, and BundleError where this code cannot read the bundle.
        """
        from mlflow.exceptions import MlflowException

        card = registry.bundle(model.version).card
        history = [one for one in registry.entries() if one.version == model.version]
        try:
            return self._write(model, card, history)
        except (MlflowException, OSError) as error:
            raise RegistryError(f"MLflow at {self._place!r} cannot be used: {error}") from error

    def _write(self, model: RegisteredModel, card: Mapping[str, Any], history: list[HistoryEntry]) -> bool:
        client, tags = self._client, _tags(model)
        known = self._run(model.version)
        run = known or self._begun(model, tags)
        for name, value in tags.items():
            client.set_tag(run, name, value)
        client.log_dict(run, {"history": [one.as_json() for one in history]}, "history.json")
        if known is None:
            self._log(run, model, card)
        return known is None

    def _run(self, version: str) -> str | None:
        found = self._client.search_runs([self._experiment()], f"tags.`{_VERSION}` = '{version}'")
        return next((str(one.info.run_id) for one in found if one.info.status == "FINISHED"), None)

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        return str(found.experiment_id if found else self._client.create_experiment(EXPERIMENT))

    def _begun(self, model: RegisteredModel, tags: Mapping[str, str]) -> str:
        at = _milliseconds(model)
        run = self._client.create_run(self._experiment(), at, dict(tags), model.version)
        return str(run.info.run_id)

    def _log(self, run: str, model: RegisteredModel, card: Mapping[str, Any]) -> None:
        """A run that was cut off never finished: the next export makes another."""
        from mlflow.entities import Metric, Param

        at = _milliseconds(model)
        self._client.log_batch(
            run,
            metrics=[Metric(name, value, at, 0) for name, value in _measures(card)],
            params=[Param(name, str(value)) for name, value in _choices(card)],
        )
        self._client.log_dict(run, dict(card), "card.json")
        self._client.set_terminated(run, "FINISHED", at)


def _client(uri: str) -> MlflowClient:
    # asked for by nobody: it would tell its makers of each call; and a folder is all that a test needs
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError:
        raise SettingError(
            "MLflow is not installed here: pip install 'ringfence[mlflow]' brings it"
        ) from None
    try:
        return MlflowClient(tracking_uri=uri)
    except MlflowException as error:
        raise SettingError(f"MLflow cannot use {uri!r}: {error}") from error


def _tags(model: RegisteredModel) -> dict[str, str]:
    return {
        _VERSION: model.version,
        "ringfence.state": model.state.value,
        "ringfence.since": model.since.isoformat(),
        "ringfence.digest": model.digest,
    }


def _milliseconds(model: RegisteredModel) -> int:
    return int(model.added.timestamp() * 1000)


def _choices(card: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The plan, and what the card says in single values."""
    yield from ((name, card[name]) for name in _ABOUT if name in card)
    yield from ((f"plan.{name}", value) for name, value in card.get("plan", {}).items())
    data = card.get("data", {})
    yield from ((f"data.{name}", value) for name, value in data.items() if not isinstance(value, dict))


def _measures(card: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every measure of every part, `test.blend.ap`; what was not measured is left out."""
    for said, path in _PARTS_OF.items():
        values: Any = card
        for name in path:
            values = values.get(name, {})
        for part, measures in values.items():
            for name, value in measures.items():
                if isinstance(value, int | float):
                    yield f"{said}.{part}.{name}", float(value)
    tested = card.get("test", {})
    yield from ((f"test.{n}", float(v)) for n, v in tested.items() if isinstance(v, int | float))

"""The registry of models: list and compare them, promote one through the gate, go back to the one before,
export them to MLflow.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from graph.model.errors import BundleError, SettingError
from graph.store.port import GraphStore
from scripts.cli.command import DONE, FAILED, Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_store
from service.opening import as_of_given, open_existing, open_keyring
from service.person_at_work import person_at_work
from service.settings import Settings

if TYPE_CHECKING:
    from gnn.registry.checks import GateCheck
    from gnn.registry.models import Deed, ModelRegistry

EXAMPLE = """example:
  COMMAND add models/new --registry models/registry
  COMMAND compare champion 3f9c --as-of 2026-03-01
  COMMAND promote 3f9c --reason "learned the new trick"
  COMMAND rollback --reason "twice as many in review"
  COMMAND export --mlflow https://mlflow.example

A version may be given by its first characters. The store's key signs the history, so give the store that the
service has. Exit status 1 where the gate did not let a model through: what it found is kept all the same."""


class _Opened(NamedTuple):
    """What a subcommand works with."""

    options: argparse.Namespace
    settings: Settings
    store: GraphStore
    registry: ModelRegistry
    deed: Deed


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    if not settings.registry:
        raise SettingError("no registry: give --registry, a folder or a bucket, or RINGFENCE_REGISTRY")
    from gnn.registry.models import Deed, ModelRegistry

    with open_existing(settings.store, settings.timezone) as store:
        registry = ModelRegistry(settings.registry, open_keyring(settings, store).keys)
        deed = Deed(
            by=options.by or person_at_work(), at=datetime.now(UTC), reason=(options.reason or "").strip()
        )
        run, takes = _WHAT[options.what]
        if options.what != "export" and len(options.names) != takes:
            wanted = "the folder of one bundle" if options.what == "add" else _WANTED[takes]
            raise SettingError(f"models {options.what} takes {wanted}: {len(options.names)} given")
        if bool(options.mlflow) != (options.what == "export"):
            raise SettingError("--mlflow says where `models export` writes, and is needed there")
        return run(_Opened(options, settings, store, registry, deed))


def _list(opened: _Opened) -> Result:
    models = {
        version: {
            "state": model.state.value,
            "since": model.since.isoformat(timespec="seconds"),
            "added": model.added.isoformat(timespec="seconds"),
            **_learned(opened.registry, version),
        }
        for version, model in opened.registry.models().items()
    }
    number, digest = opened.registry.head()
    history = [_brief(one.as_json()) for one in opened.registry.entries()] if opened.options.history else None
    figures: dict[str, Any] = {"models": len(models), "anchor": f"{number}:{digest}", **models}
    return Result(figures if history is None else figures | {"history": history})


def _learned(registry: ModelRegistry, version: str) -> dict[str, object]:
    """Until when a model learned, and whether this code can serve it."""
    try:
        return {"learned_until": registry.bundle(version).card["trained_as_of"], "usable": True}
    except BundleError:
        return {"learned_until": None, "usable": False}


def _brief(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry without the parts of its gate's result."""
    return entry | {"gate": entry["gate"]["passed"] if entry["gate"] is not None else None}


def _add(opened: _Opened) -> Result:
    return _state(opened, opened.registry.add(Path(opened.options.names[0]), opened.deed).version)


def _compare(opened: _Opened) -> Result:
    from service.governance.gates.promotion import compare

    other, model = (opened.registry.named(name).version for name in opened.options.names)
    found = compare(opened.settings, opened.store, opened.registry, (model, other), _as_of(opened))
    return Result(found.as_json())


def _promote(opened: _Opened) -> Result:
    from service.governance.gates.promotion import judged, promote, to_beat

    registry, options = opened.registry, opened.options
    if options.force and not opened.deed.reason:
        raise SettingError("--force needs a --reason: it stands in the history")
    model = registry.named(options.names[0]).version
    versions = (model, to_beat(registry))
    result = judged(opened.settings, opened.store, registry, versions, _as_of(opened))
    serves = promote(registry, result, opened.deed, forced=options.force)
    figures: dict[str, Any] = {
        "version": model,
        "against": result.against,
        "passed": result.passed,
        "forced": serves and not result.passed,
        "champion": serves,
        "slice": result.slice,
        "checks": {one.name: _measured(one) for one in result.checks},
        "failed": [f"{one.name}: {one.sentence}" for one in result.checks if not one.passed],
    }
    return Result(figures, DONE if serves else FAILED)


def _measured(check: GateCheck) -> dict[str, object]:
    names = ("passed", "value", "low", "high", "limit")
    return {name: getattr(check, name) for name in names}


def _roll_back(opened: _Opened) -> Result:
    return _state(opened, opened.registry.roll_back(opened.deed).version)


def _shadow(opened: _Opened) -> Result:
    version = opened.registry.named(opened.options.names[0]).version
    return _state(opened, opened.registry.shadow(version, opened.deed).version)


def _retire(opened: _Opened) -> Result:
    version = opened.registry.named(opened.options.names[0]).version
    return _state(opened, opened.registry.retire(version, opened.deed).version)


def _export(opened: _Opened) -> Result:
    """All models, or those that are named; one that this code cannot read is named and left out."""
    from gnn.registry.mlflow_export import MlflowExport

    registry, options = opened.registry, opened.options
    models = [registry.named(name) for name in options.names] or list(registry.models().values())
    export = MlflowExport(options.mlflow)
    new, unusable = dict[str, bool](), dict[str, str]()
    for model in models:
        try:
            new[model.version] = export.write(registry, model)
        except BundleError as error:
            unusable[model.version] = str(error)
    figures = {"runs": len(new), "new": [version for version, fresh in new.items() if fresh]}
    return Result({**figures, "unusable": unusable}, FAILED if unusable else DONE)


def _state(opened: _Opened, version: str) -> Result:
    model = opened.registry.models()[version]
    return Result({"version": version, "state": model.state.value, "entry": opened.registry.head()[0]})


def _as_of(opened: _Opened) -> datetime:
    given = opened.options.as_of
    return as_of_given(opened.settings, given) if given else opened.deed.at


_WANTED = ("no version", "one version of `models list`", "two versions of `models list`")
_WHAT: dict[str, tuple[Callable[[_Opened], Result], int]] = {
    "list": (_list, 0),
    "add": (_add, 1),
    "compare": (_compare, 2),
    "promote": (_promote, 1),
    "rollback": (_roll_back, 0),
    "shadow": (_shadow, 1),
    "retire": (_retire, 1),
    "export": (_export, 0),
}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(_WHAT), help="what to do")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="add: the bundle's folder; compare: the version that serves, then the one to hold beside it; "
        "promote, shadow, retire: the version; export: versions (default: all); a version, its first "
        "characters, or champion",
    )
    parser.add_argument("--registry", metavar="URL", help="the registry (default: RINGFENCE_REGISTRY)")
    add_store(parser)
    parser.add_argument(
        "--as-of",
        metavar="T",
        help="compare, promote: measure by what was known before this moment, ISO-8601 (default: now)",
    )
    parser.add_argument("--by", help="who does it, for the history (default: the user's name)")
    parser.add_argument("--reason", help="why, for the history")
    parser.add_argument(
        "--force", action="store_true", help="promote although the gate says no; needs a --reason"
    )
    parser.add_argument(
        "--mlflow",
        metavar="URI",
        help="export: an MLflow tracking server, or a folder (pip install 'ringfence[mlflow]')",
    )
    parser.add_argument("--history", action="store_true", help="list: the entries of the history too")


COMMAND = Command(
    name="models", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)

"""A service with a registry of two models by hand: a calm one, and one to which everybody is suspect."""

from __future__ import annotations

from pathlib import Path

from gnn.registry.models import Deed, ModelRegistry
from service.assessment.context import AppContext
from service.wiring import wire
from tests.support.models.made_bundles import made_bundle
from tests.support.small_service import Clock, settings_in
from tests.support.small_worlds import day, random_facts
from tests.support.stores import HASH_KEY, open_url

CALM, STRICT = 0.05, 0.5  # what the models say of everybody
GATE = {"passed": True, "checks": []}
DEED = Deed(by="ann", at=day(69))


class Registered:
    """A registry with two models, the calm one champion, and settings that name it."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings_in(
            folder, registry=str(folder / "registry"), registry_seconds=0.05, model=str(folder / "strict")
        )
        self.registry = ModelRegistry(self.settings.registry, (("k1", HASH_KEY.encode()),))
        self.calm = made_bundle(folder / "calm", CALM, review_probability=0.04)
        self.strict = made_bundle(folder / "strict", STRICT, review_probability=0.3)
        for name in ("calm", "strict"):
            self.registry.add(folder / name, DEED)
        with open_url(self.settings.store) as store:
            store.add(random_facts(1))

    def context(self) -> AppContext:
        return wire(self.settings, clock=Clock())

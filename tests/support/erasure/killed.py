"""`ringfence erase` in a process that ends like a killed one at a step."""

from __future__ import annotations

import inspect
import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

from graph import private
from graph.stores.sqlite import SqliteStore
from investigations.casebook.erasure import erasure_plans
from investigations.casebook.erasure.erasing import ErasureFiles
from investigations.casebook.erasure.erasure_plans import ErasurePlans
from scripts.cli.main import main
from service.governance.erasure.erasing import PeopleEraser

# By step: what is called last, and whether it is still carried out.
STEPS: dict[str, tuple[Any, str, bool]] = {
    "before the plan is kept": (ErasurePlans, "keep", False),
    "with half a plan": (erasure_plans, "write_down", False),
    "with a plan": (ErasurePlans, "keep", True),
    "before the store has changed": (SqliteStore, "erase", False),
    "once the store has changed": (SqliteStore, "erase", True),
    "after some rows of the casebook": (ErasureFiles, "_rewrite", True),
    "before cases are renamed": (ErasureFiles, "_renamed", False),
    "after a pass over the casebook": (ErasureFiles, "erase", True),
    "before old bytes are overwritten": (PeopleEraser, "overwrite_free_space", False),
    "after old bytes are overwritten": (PeopleEraser, "overwrite_free_space", True),
    "with a certificate": (private, "write", True),
    "while the plan is taken away": (ErasurePlans, "end", False),
    "once the trail has its end": (ErasurePlans, "end", True),
}


def killed(step: str, arguments: list[str]) -> None:
    """Run the command with these arguments until that step, where its process is killed."""
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(step, arguments))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


def _run(step: str, arguments: list[str]) -> None:
    owner, name, carried_out = STEPS[step]
    original: Callable[..., Any] = getattr(owner, name)

    def last(*given: Any, **named: Any) -> Any:
        concerns = _concerns(step, given)
        result = original(*given, **named) if carried_out or not concerns else None
        if concerns:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, last)
    main(arguments)


def _concerns(step: str, given: tuple[Any, ...]) -> bool:
    """Whether a call is the step's: other files are written, renamed and taken away as well, other tables
    renamed, and a store is tried with an erasure of nobody.
    """
    if step in ("before the store has changed", "once the store has changed"):
        return bool(given[1].renaming.people)
    if step == "before cases are renamed":
        return str(given[2].name) == "cases" and any(one.function == "erase" for one in inspect.stack())
    if step == "with a certificate":
        return str(given[0]).endswith(".json")
    if STEPS[step][0] is SqliteStore:
        return bool(given[1].renaming.people)  # not the one by which the right to write is tried
    return True

"""What a cluster's errors come to: their classes, and the line of their pages that says what went wrong."""

from __future__ import annotations

import re
from importlib import import_module

_CLASSES = (
    ("pyspark.errors", "PySparkException"),
    ("py4j.protocol", "Py4JError"),
    ("grpc", "RpcError"),
)
_TRACEBACK = "Traceback (most recent call last):"
_PY4J = "An error occurred while calling "
_LONGEST = 400


def failures() -> tuple[type[Exception], ...]:
    """The classes of errors that a cluster, or the way to it, raises here."""
    found: list[type[Exception]] = [ConnectionError, EOFError]  # what is left when Spark's own process dies
    for module, name in _CLASSES:
        try:
            found.append(getattr(import_module(module), name))
        except ImportError:  # Spark Connect needs no py4j, Spark itself no grpc
            continue
    return tuple(found)


def said_by(error: BaseException) -> str:
    """One line: what a Python function on an executor raised, else what the server says; before it the stage,
    where one was being made.
    """
    text = str(error).strip() or type(error).__name__
    if _TRACEBACK in text:
        lines = text.rpartition(_TRACEBACK)[2].splitlines()
        text = next((line for line in lines if line and not line[0].isspace()), text)
    elif details := re.search(r'details = "(.*)"', text):
        text = details[1]
    else:
        first, _, rest = text.partition("\n")  # py4j's first line says which call failed, its second why
        text = rest.partition("\n")[0].removeprefix(": ") if first.startswith(_PY4J) and rest else first
    return ": ".join([*getattr(error, "__notes__", ()), text[:_LONGEST]])

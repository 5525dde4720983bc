"""The settings of a command: those of the environment, and what its options say instead."""

from __future__ import annotations

import argparse
import dataclasses

from service.settings import Settings

_OPTIONS = ("store", "model", "registry", "casebook", "host", "port", "workers")


def settings_given(options: argparse.Namespace) -> Settings:
    """The settings of the environment with those that the options name; an option that was left out is
    None. Who names a model to a command that takes no registry means that one, not a champion.
    """
    given = {name: getattr(options, name, None) for name in _OPTIONS}
    if given["model"] is not None and "registry" not in options:
        given["registry"] = ""
    return dataclasses.replace(
        Settings.from_environment(), **{name: value for name, value in given.items() if value is not None}
    )

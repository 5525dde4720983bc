"""The settings of a command: those of the environment, and what its options say instead."""

from __future__ import annotations

import argparse
import dataclasses

from service.settings import Settings

_OPTIONS = ("store", "model", "registry", "casebook", "host", "port", "workers")


def settings_given(options: argparse.Namespace) -> Settings:
    """The settings of the environment with those that the options name; an option that was left out is
    None.
    """
    given = {name: getattr(options, name, None) for name in _OPTIONS}
    return dataclasses.replace(
        Settings.from_environment(), **{name: value for name, value in given.items() if value is not None}
    )

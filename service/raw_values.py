"""Raw values where none belongs: in an address, which stands in logs and histories."""

from __future__ import annotations

from graph.model.errors import InputError


class RawValueError(InputError):
    """An address names a raw value where a token belongs."""

    problem = "raw_value_in_address"

"""Who runs a command on this machine, for the histories that name them."""

from __future__ import annotations

import getpass


def person_at_work() -> str:
    """The user's name; a user id without one, as in a container, is somebody."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody on the machine"

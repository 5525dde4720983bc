"""What processes leave behind that tests kill: in one folder, which goes with the tests."""

from __future__ import annotations

import atexit
import os
import tempfile

_NAME = "LEFT_BEHIND"  # of the variable by which all processes of a run of the tests know it


def left_behind() -> str:
    """The folder for temporary files of whoever may be killed: the same one for all processes of a run."""
    if _NAME not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="ringfence-left-behind-", ignore_cleanup_errors=True)
        atexit.register(folder.cleanup)
        os.environ[_NAME] = folder.name
    return os.environ[_NAME]

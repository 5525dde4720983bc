"""Which signal says what a bare count says: where the counts serve, a reason still has a name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.features.extraction import COUNT_NAMES, SIGNAL_NAMES, VARIABLE_NAMES

_NAMED = (*SIGNAL_NAMES, *VARIABLE_NAMES)
_SAYS = {"holders": "holders", "newcomers_30d": "newcomers_30d", "known_fraud": "bad"}


def signal_of(count: str) -> str | None:
    """The signal that says the same as a column of the counts; None where there is none."""
    if count in SIGNAL_NAMES:
        return count
    if count == "age":
        return "age_years"
    for ending, said in _SAYS.items():
        if count.endswith(f"_{ending}"):
            signal = f"{count.removesuffix(ending).removeprefix('bank_')}{said}"
            return signal if signal in SIGNAL_NAMES else None
    return None


def by_signal(moved: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What each count added to a score (counts,), under the names of signals and variables, and last what has
    no such name.
    """
    out = np.zeros(len(_NAMED) + 1)
    np.add.at(out, _PLACES, moved)
    return out


_PLACES = np.array(
    [_NAMED.index(said) if (said := signal_of(count)) else len(_NAMED) for count in COUNT_NAMES]
)

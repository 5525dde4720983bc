"""Two neighbourhoods of one subject side by side: every array equal, row by row, and what is numbered told
apart alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.frame.neighbourhood import NOBODY, UNKNOWN_WORD, Neighbourhood

# Numbers that are equal for one thing and for nothing else, by what they number; everything else is equal to
# the last bit.
NUMBERS = {
    "person": (("people", "id"), ("applications", "applicant"), ("events", "other")),
    "identifier": (("identifiers", "id"), ("mentions", "id")),
    "application": (("applications", "id"), ("labels", "loan")),
    "word": (
        ("subject", "merchant_city"),
        *(("applications", name) for name in ("platform", "merchant", "agent", "product", "city")),
    ),
    "ring": (("rings", "id"),),
}
_NUMBERED = {place for places in NUMBERS.values() for place in places}


def assert_alike(one: Neighbourhood, other: Neighbourhood) -> None:
    """Raises AssertionError that says where they differ."""
    for name in Neighbourhood._fields:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine.dtype, len(mine)) == (theirs.dtype, len(theirs)), name
        for column in mine.dtype.names or ("",):
            if (name, column) not in _NUMBERED:
                np.testing.assert_array_equal(
                    mine[column] if column else mine,
                    theirs[column] if column else theirs,
                    err_msg=f"{name}.{column}",
                )
    for what, places in NUMBERS.items():
        _assert_one_to_one(
            what,
            [np.concatenate([getattr(n, name)[column] for name, column in places]) for n in (one, other)],
        )


def _assert_one_to_one(what: str, numbers: list[Any]) -> None:
    mine, theirs = (column.tolist() for column in numbers)
    pairs = set(zip(mine, theirs, strict=True))
    there, back = dict(pairs), {b: a for a, b in pairs}
    unknown = sum(a == UNKNOWN_WORD for a, _ in pairs)  # equal to no other, though there may be several
    assert len(there) == len(pairs) - max(unknown - 1, 0), what
    assert len(back) == len(pairs), what
    assert there.get(NOBODY, NOBODY) == back.get(NOBODY, NOBODY) == NOBODY, what


def trimmed(n: Neighbourhood) -> Neighbourhood:
    """A copy with arrays exactly as long as they are used."""
    subject = n.subject[0]
    used = {
        name: int(subject[name])
        for name in (
            "identifiers",
            "ties",
            "dealings",
            "applications",
            "mentions",
            "outcomes",
            "labels",
            "events",
            "rings",
        )
    }
    used |= {
        "people": int(subject["people"] + subject["outsiders"]),
        "ties_of": used["ties"],
        "subject": 1,
        "zone": len(n.zone),
    }
    cut: dict[str, Any] = {
        name: getattr(n, name)[:size].copy() for name, size in used.items() if name != "zone"
    }
    return Neighbourhood(zone=n.zone, **cut)

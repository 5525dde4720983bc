"""Computes the intermediate results that all features share, once for each subject."""

from __future__ import annotations

from graph.features.bonds import build_bonds, collect_holders, shop_devices
from graph.features.holder_tallies import tally_holders
from graph.features.past import own, pasts, tie_strongly
from graph.features.person import resolve
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import compiled


@compiled
def precompute(n: Neighbourhood, r: Precomputed) -> bool:
    """Fill `r` for that neighbourhood. False, and nothing is said, where `r` has no room for it: make one by
    `room_for`.
    """
    whole = n.subject[0]
    if (
        whole.people > len(r.people)
        or whole.identifiers > len(r.shop)
        or whole.ties > len(r.others)
        or whole.applications > len(r.own)
    ):
        return False
    resolve(n, r)
    shop_devices(n, r)
    collect_holders(n, r)
    build_bonds(n, r)
    pasts(n, r)
    own(n, r)
    tie_strongly(n, r)
    tally_holders(n, r)
    return True

"""What all features look at, worked out once for each subject."""

from __future__ import annotations

from graph.features.held import bind, hold, shop_devices
from graph.features.others import add_up
from graph.features.past import own, pasts, tie_strongly
from graph.features.person import resolve
from graph.features.room import Reading
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import compiled


@compiled
def read(n: Neighbourhood, r: Reading) -> bool:
    """Fill `r` for that neighbourhood. False, and nothing is said, where `r` has no room for it: make one by `room_for`."""
    whole = n.subject[0]
    if whole.people > len(r.people) or whole.identifiers > len(r.shop) or whole.ties > len(r.others) or whole.applications > len(r.own):
        return False
    resolve(n, r)
    shop_devices(n, r)
    hold(n, r)
    bind(n, r)
    pasts(n, r)
    own(n, r)
    tie_strongly(n, r)
    add_up(n, r)
    return True

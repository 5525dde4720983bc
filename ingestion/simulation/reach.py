"""No member of a crew is out of reach: whoever shares nothing yet is tied to the others by one value."""

from __future__ import annotations

import numpy as np

from ingestion.simulation.habits import Habits
from ingestion.simulation.honest import Scene
from ingestion.simulation.keys import NONE, IntArray
from ingestion.simulation.people import DAY, People


def reach_the_last(scene: Scene, m: IntArray, habits: Habits) -> None:
    """Whoever is still tied to nobody is tied to one member, by whatever the crew shares."""
    people, rng = scene.people, scene.rng
    component = _components(people, m, scene.recipe.end - 2 * DAY)
    main = int(np.bincount(component).argmax())
    for stray in np.unique(component):
        if stray == main:
            continue
        a = int(rng.choice(m[component == stray]))
        b = int(rng.choice(m[component == main]))
        ways = [c for c in habits.sharing if c in ("card", "device", "wifi", "address", "borrowed")] + [
            "contact"
        ]
        _tie(people, a, b, str(rng.choice(ways)))
        component[component == stray] = main


def _tie(people: People, a: int, b: int, way: str) -> None:
    if way == "card":
        people.card_a[a] = people.card_a[b]
    elif way == "device":
        people.device_a[a] = people.device_a[b]
    elif way == "borrowed":
        people.borrowed[a] = people.borrowed[b] if people.borrowed[b] != NONE else people.device_a[b]
    elif way == "address":
        people.address[a] = people.address[b]
    elif way == "wifi" and people.place_wifi[b] != NONE:
        people.place_wifi[a], people.place_share[a] = people.place_wifi[b], max(people.place_share[b], 0.6)
    else:
        people.contact_2[a] = people.phone_a[b]


def _components(people: People, m: IntArray, end: int) -> IntArray:
    """Component number of each member by the identifiers that the crew shares strongly; shape (k,)."""
    device_b = np.where(people.device_switch < end, people.device_b, NONE)
    card_b = np.where(people.card_switch < end, people.card_b, NONE)
    phones = (people.phone_a, people.contact_1, people.contact_2)
    owner: dict[tuple[str, int], int] = {}
    parent = list(range(len(m)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for name, group in (("device", (people.device_a, device_b, people.borrowed)), ("card", (people.card_a,
        card_b)),
                        ("phone", phones), ("wifi", (people.place_wifi,)),
                        ("address", (people.address,))):  # fmt: skip
        for column in group:
            for i, key in enumerate(column[m].tolist()):
                if key != NONE:
                    j = owner.setdefault((name, key), i)
                    parent[root(i)] = root(j)
    return np.array([root(i) for i in range(len(m))])

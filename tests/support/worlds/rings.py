"""A small town for the ring tests: families, a dormitory, a shop's tablet, and a crew."""

from __future__ import annotations

import random

from graph.model.types import Facts, Role
from tests.support.small_worlds import PLATFORMS, applies, day, fraud, uses
from tests.support.stores import open_store

AS_OF = day(200)
CREW = tuple(f"crew{n}" for n in range(9))


def town(path, facts):
    """A store with these facts."""
    store = open_store(path)
    store.add(facts)
    return store


def honest(seed=1, families=60, dormitory=40, customers=150):
    """People with lives of their own: their applications are spread over half a year and their checks are
    passed.
    """
    rng = random.Random(seed)
    created = []
    for n in range(families):
        for member in range(3):
            created.append(
                _applies(
                    rng,
                    f"family{n}.{member}",
                    uses("address", f"home{n}"),
                    uses("wifi", f"lan{n}"),
                    on=rng.uniform(1, 190),
                )
            )
    for n in range(dormitory):
        created.append(
            _applies(
                rng,
                f"dorm{n}",
                uses("wifi", "hall"),
                uses("address", "block 4"),
                uses("employer", "plant"),
                on=rng.uniform(1, 190),
            )
        )
    for n in range(customers):
        created.append(
            _applies(
                rng, f"shopper{n}", uses("device", "tablet"), on=1 + 190 * n / customers, merchant_id="M1"
            )
        )
    return Facts(applications=tuple(created), platforms=PLATFORMS)


def crew(on=100.0, known_on=None, where=()):
    """Nine identities on three devices with two cards and a common contact, made in a few days; one is known
    as fraud from `known_on` on.
    """
    rng = random.Random(7)
    created = []
    for n, who in enumerate(CREW):
        shared = (uses("device", f"rig{n % 3}"), uses("bank_card", f"purse{n % 2}"), *where)
        created.append(_applies(rng, who, *shared, on=on + n / 4, face=0.55))
        created.append(
            _applies(
                rng, who, uses("device", f"rig{(n + 1) % 3}"), on=on + n / 4 + 2, face=0.5, platform_id="L3"
            )
        )
    labels = () if known_on is None else (fraud(created[0].application_id, known_on),)
    return Facts(applications=tuple(created), labels=labels)


def with_known_frauds():
    """A crew among few honest people, and so many known frauds that suspicion is learned from them."""
    people = honest(families=20, dormitory=12, customers=60)
    shoppers = [a for a in people.applications if a.applicant_id.startswith("shopper")]
    labels = tuple(fraud(a.application_id, 190) for a in shoppers[::2][:24])
    return both(people, crew(known_on=150), Facts(labels=labels))


def half_known_crews():
    """Eight crews among families, each of nine people of whom five are known frauds."""
    return both(honest(families=60), *(_half_known(number) for number in range(8)))


def both(*parts):
    """Facts of several parts in one batch."""
    return Facts(
        **{
            name: tuple(row for part in parts for row in getattr(part, name))
            for name in Facts.__dataclass_fields__
        }
    )


def _half_known(number):
    """Nine who share three devices, two contacts and a home within nine days; five are known frauds."""
    created = []
    for n in range(9):
        where = uses("address", f"flat{number}")
        for again in range(2):
            device = uses("device", f"rig{number}.{(n + again) % 3}")
            contact = uses("phone", f"line{number}.{(n + again) % 2}", Role.CONTACT)
            on = 20 + 12 * number + n % 9 + again / 2
            created.append(applies(f"crew{number}.{n}", on, device, contact, where))
    labels = [fraud(a.application_id, 36 + 12 * number) for a in created[::2][:5]]
    return Facts(applications=tuple(created), labels=tuple(labels))


def _applies(rng, who, *mentions, on, face=0.93, **more):
    own = (uses("phone", who), uses("national_id", who))
    reported = {
        "amount": float(rng.randrange(1, 60) * 500),
        "face_match": face + rng.uniform(-0.05, 0.05),
        "liveness": 0.9,
        "birth_year": 1995,
    }
    return applies(who, on, *own, *mentions, **(reported | more))

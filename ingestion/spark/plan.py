"""What is asked of a delivery on a cluster, and a name for what its stages depend on."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path

from ingestion.identifiers.pseudonymise import Keyring
from ingestion.loading.delivery import Delivery
from ingestion.mappings.mapping import FILE_NAME
from ingestion.sources.files import Source


@dataclass(frozen=True, kw_only=True)
class DeliveryPlan:
    """Facts are asked for as of `moments`, in the time zone of that name. `name` is one for the files, what
    they mean and the key of the pseudonyms; `shards` into how many the facts go (0: as many as are needed to
    hold no more in one than a stage's task may).
    """

    moments: tuple[datetime, ...]
    zone: str
    name: str
    shards: int = 0


def name_of_stages(
    delivery: Delivery, means: tuple[Path, str | None], keys: Keyring, asked: tuple[str, tuple[datetime, ...]]
) -> str:
    """A name that only the same run has: `means` are the folder of the delivery and the mapping that was
    given, `asked` the zone and the moments. Files are told apart by name, size and when they were written.
    """
    folder, mapping = means
    zone, moments = asked
    seal = hashlib.sha256(f"{mapping} {zone} {astuple(delivery.limits)}".encode())
    seal.update(keys.token("stages", "ringfence").encode())
    for at in moments:
        seal.update(at.isoformat().encode())
    for beside in (Path(mapping) if mapping else folder / FILE_NAME,):
        seal.update(beside.read_bytes() if beside.is_file() else b"")
    for name, source in sorted(delivery.sources.items()):
        parts = source.parts if isinstance(source, Source) else ()
        for part in parts:
            seal.update(f"{name} {part.name} {part.state[-2:]}".encode())
    return seal.hexdigest()[:16]

"""What is asked of a delivery on a cluster, and a name for what its stages depend on."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path

from ingestion.identifiers.pseudonymise import Keyring
from ingestion.loading.found import FoundDelivery
from ingestion.mappings.mapping import FILE_NAME
from ingestion.sources.paths import opened, path_of


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
    found: FoundDelivery, mapping: str | None, keys: Keyring, asked: tuple[str, tuple[datetime, ...]]
) -> str:
    """A name that only the same run has: `mapping` is the one that was given, `asked` the zone and the
    moments. Files are told apart by where they lie, name, size and version, or when they were written.
    """
    zone, moments = asked
    seal = hashlib.sha256(f"{found.folder} {mapping} {zone} {astuple(found.limits)}".encode())
    seal.update(keys.token("stages", "ringfence").encode())
    for at in moments:
        seal.update(at.isoformat().encode())
    beside = path_of(mapping) if mapping else found.folder / FILE_NAME
    if beside.is_file():
        with opened(beside.resolve() if isinstance(beside, Path) else beside) as file:
            seal.update(file.read(found.limits.mapping_bytes))
    for one in found.files:
        seal.update(f"{one.source} {one.file.name} {one.file.listed[-2:]}".encode())
    return seal.hexdigest()[:16]

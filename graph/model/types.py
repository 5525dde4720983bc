"""The domain model: what lenders report, as frozen values. Standard library only; everything else imports
this.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from itertools import chain
from operator import attrgetter
from typing import NamedTuple


class IdentifierKind(StrEnum):
    """What two people can share. The value is the word used in files, answers and node names."""

    NATIONAL_ID = "national_id"
    PHONE = "phone"
    DEVICE = "device"
    BANK_CARD = "bank_card"
    EMAIL = "email"
    IP = "ip"
    WIFI = "wifi"
    ADDRESS = "address"
    EMPLOYER = "employer"


class Role(StrEnum):
    """How somebody is tied to an identifier: it is theirs, they named it as a contact's, or as their
    employer's.
    """

    OWN = "own"
    CONTACT = "contact"
    EMPLOYER = "employer"


class LabelValue(StrEnum):
    """What somebody concluded about a loan or a person."""

    FRAUD = "fraud"
    GOOD = "good"


class OutcomeStatus(StrEnum):
    """What became of an application; `returned` is a loan given back within the cooling-off period."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    DISBURSED = "disbursed"
    RETURNED = "returned"
    DPD30 = "dpd30"
    DPD90 = "dpd90"
    WRITTEN_OFF = "written_off"
    CLOSED = "closed"


class PlatformType(StrEnum):
    """The kinds of lenders of the record contract."""

    BANK_TRADITIONAL = "bank_traditional"
    BANK_ONLINE = "bank_online"
    CONSUMER_FINANCE = "consumer_finance"
    NETWORK_MICROLOAN = "network_microloan"
    MICROLOAN = "microloan"
    P2P = "p2p"
    AUTO_FINANCE = "auto_finance"
    LEASING = "leasing"
    OTHER = "other"

    @property
    def is_bank(self) -> bool:
        """Segment `bank` of the multi-lending variables; everything else is `nbank`."""
        return self in (PlatformType.BANK_TRADITIONAL, PlatformType.BANK_ONLINE)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A value that people can share, as a keyed pseudonym: the raw value never gets past ingestion.

    `token` is the pseudonym (it names its key version), `masked` the form for people (`150****7065`).
    An identifier that is not `linking` (a national id with a wrong checksum, a placeholder) is kept and never
    links two people. Two identifiers are the same when kind and token are; `node` is the name in a subgraph
    (`device:k1.9f...`).
    """

    kind: IdentifierKind
    token: str
    masked: str = field(default="", compare=False)
    linking: bool = field(default=True, compare=False)
    node: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Asked for many times in every walk: the name in a subgraph is put together once.
        object.__setattr__(self, "node", self.kind + ":" + self.token)

    def __hash__(self) -> int:
        return hash(self.token)  # two kinds hardly ever share a token, and a string remembers its hash


class Mention(NamedTuple):
    """An application or event names an identifier in a role."""

    identifier: Identifier
    role: Role = Role.OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One request for a loan at one lender. Amounts in CNY; `face_match` and `liveness` in 0-1; None is *not
    known*.
    """

    application_id: str
    applied_at: datetime
    applicant_id: str
    platform_id: str
    product: str | None = None
    amount: float | None = None
    term_months: int | None = None
    merchant_id: str | None = None
    agent_id: str | None = None
    channel: str | None = None
    face_match: float | None = None
    liveness: float | None = None
    phone_three_element: bool | None = None
    birth_year: int | None = None
    city: str | None = None
    new_citizen: bool | None = None
    mentions: tuple[Mention, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something an applicant did at a moment: login, device_use, card_bind, transfer, repayment, ... Known
    from `at` on.
    """

    event_id: str
    kind: str
    at: datetime
    applicant_id: str
    counterparty_id: str | None = None
    merchant_id: str | None = None
    amount: float | None = None
    mentions: tuple[Mention, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A step in the life of an application, known from `at` on."""

    application_id: str
    status: OutcomeStatus
    at: datetime
    amount: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A conclusion about an application or an applicant (exactly one of the two ids), known from `known_at`
    on and not before.
    """

    label: LabelValue
    known_at: datetime
    application_id: str | None = None
    applicant_id: str | None = None
    source: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A lender. `is_own` marks the lender that runs this service."""

    platform_id: str
    type: PlatformType
    is_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """A shop at which loans are taken."""

    merchant_id: str
    category: str | None = None
    city: str | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """An applicant named a phone: their own second one (`relation` = self) or a contact's."""

    applicant_id: str
    phone: Identifier
    relation: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What is known of a device itself; undated reference data."""

    identifier: Identifier
    os: str | None = None
    model: str | None = None
    is_emulator: bool | None = None
    is_rooted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A batch of facts for a store: added as a whole or not at all."""

    applications: tuple[Application, ...] = ()
    events: tuple[Event, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    labels: tuple[Label, ...] = ()
    platforms: tuple[Platform, ...] = ()
    merchants: tuple[Merchant, ...] = ()
    contacts: tuple[Contact, ...] = ()
    devices: tuple[Device, ...] = ()

    @classmethod
    def joined(cls, batches: Collection[Facts]) -> Facts:
        """All facts of those batches, in their order."""
        tables = (one.name for one in fields(cls))
        return cls(**{name: tuple(chain.from_iterable(map(attrgetter(name), batches))) for name in tables})

    def __len__(self) -> int:
        """How many facts these are."""
        return sum(len(getattr(self, one.name)) for one in fields(self))


class RefusedFact(NamedTuple):
    """A fact of a batch that names somebody who was erased, in which field."""

    table: str
    position: int
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The result of adding a batch: new facts, facts known already, ids known with other content, and facts
    about people who were erased.

    `conflicts` holds (table, position in the batch), `refused` also the field that names somebody erased:
    those facts were not taken. accepted + known + len(conflicts) + len(refused) = facts given. `entry` is the
    journal's of this mark where the writer has it at hand: whoever keeps a copy current need not read it
    again. `edition` is the store's by then.
    """

    accepted: int
    known: int
    conflicts: tuple[tuple[str, int], ...]
    revision: int
    refused: tuple[RefusedFact, ...] = ()
    entry: bytes = field(default=b"", compare=False, repr=False)
    edition: int = field(default=0, compare=False, repr=False)


class Tie(NamedTuple):
    """An applicant is tied to an identifier: `since` the first mention, `last` the latest one before the
    view's moment.
    """

    applicant_id: str
    identifier: Identifier
    role: Role
    since: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Holders:
    """Who is tied to an identifier: `count` distinct (applicant, role) ties, counted up to a cap; `ties` the
    latest, newest first.
    """

    identifier: Identifier
    count: int
    ties: tuple[Tie, ...]


class RingKind(StrEnum):
    """What a group is taken for. Only the first three are flagged."""

    RING = "ring"
    AGENT = "agent"
    MERCHANT = "merchant"
    HOUSEHOLD = "household"
    DORMITORY = "dormitory"
    KIOSK = "kiosk"
    UNKNOWN = "unknown"

    @property
    def flagged(self) -> bool:
        """Whether members are held to belong to a fraud."""
        return self in (RingKind.RING, RingKind.AGENT, RingKind.MERCHANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RingMember:
    """One applicant's place in a ring: `role` core, member or fringe; `strength` the weight of its links into
    the ring.
    """

    applicant_id: str
    role: str
    joined_at: datetime
    distance_to_core: int
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A group of applicants from the ring search: the columns of `rings.parquet` and its members. `exposure`
    in CNY, disbursed and open.

    Flagged rings that belong together (a chain cut in parts, an intermediary's clients), and a group that was
    left beside one of them, have one `crew_id`; empty in snapshots of older versions.
    """

    ring_id: str
    kind: RingKind
    score: float
    state: str
    first_seen: datetime
    last_seen: datetime
    confirmed_bad: int
    suspected: int
    bad_rate: float
    exposure: float
    shared_by_kind: Mapping[str, int]
    hubs_ignored: int
    density: float
    burst_days: float
    platforms: int
    reason_codes: tuple[str, ...]
    members: tuple[RingMember, ...]
    crew_id: str = ""

    @property
    def size(self) -> int:
        """How many applicants belong to it."""
        return len(self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class RingChange:
    """The change of a ring since the last snapshot: born grown shrunk merged split dissolved unchanged.

    `flag` is flagged, newly_flagged, no_longer_flagged or empty; `why` says for what reason it stays or goes,
    as words like `cleared=a,b` (docs/rings.md has all).
    """

    ring_id: str
    change: str
    from_rings: tuple[str, ...]
    joined: int
    left: int
    jaccard: float
    flag: str = ""
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RingSnapshot:
    """All rings as of a moment, under a name (`2026-W01`) that is unique in a store."""

    name: str
    as_of: datetime
    rings: tuple[Ring, ...]
    changes: tuple[RingChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Membership:
    """An applicant's ring in the snapshot in force, with the member's own place in it. `ring.members` is left
    empty here.
    """

    snapshot: str
    ring: Ring
    size: int
    member: RingMember

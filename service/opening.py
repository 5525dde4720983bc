"""Opens what settings and arguments name: store, frame, casebook, keys, model, policy and moments."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graph.frame.frame import Frame
from graph.frame.location import frame_of
from graph.model.errors import SettingError, StoreError, StoreUnavailableError
from graph.model.moments import COUNTRY, read_moment
from graph.signatures import Keys
from graph.store.port import GraphStore
from graph.stores.embedded_connection import is_passing
from graph.stores.sqlite import SqliteStore
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.parse_context import keyring, time_zone
from investigations.casebook import Casebook, file_of
from investigations.policy import Policy, Thresholds
from service.clock import system_clock
from service.settings import NO_FRAME, ON, Settings

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

log = logging.getLogger("ringfence.opening")

STORES = "sqlite:///relative.db, sqlite:////absolute.db, neo4j://user:password@host:port/database"
_NEO4J = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")


def filled_frame(store: GraphStore, settings: Settings, revision: int) -> Frame | None:
    """The store's frame when it holds that revision, for a command that waits for it; None where there is
    none to be had: the store is read then.
    """
    if settings.frame == NO_FRAME:
        return None
    try:
        frame = frame_of(store, settings.frame)
        return frame if frame.catch_up(revision) else None
    except (StoreError, SettingError) as error:
        log.warning("the store is read without a frame: %s", error)
        return None


def open_store(url: str, *, live: bool = False, zone: str = COUNTRY) -> GraphStore:
    """The graph store behind a URL; `live` for a service that answers within a deadline, whatever becomes of
    the store's server. `zone` is the borrowers' time zone (the settings').

    Raises SettingError for one that is not known, naming those that are, for a path that can hold no store,
    and for a folder: a delivery is loaded first. StoreUnavailableError where it cannot be had now.
    """
    scheme, _, rest = url.partition("://")
    _refuse_folder(url)
    if scheme == "sqlite":
        try:
            store: GraphStore = SqliteStore(sqlite_path(url))
        except StoreUnavailableError as error:
            if is_passing(error):
                raise
            raise SettingError(f"{error}: give the path of a store, or of one to be made") from error
    elif scheme in _NEO4J and rest:
        store = _open_neo4j(url, live)
    else:
        raise SettingError(f"unknown store URL {_without_password(url)!r}: known are {STORES}")
    store.zone = zone
    return store


def open_existing(url: str, zone: str = COUNTRY) -> GraphStore:
    """The graph store behind a URL for a command that only makes sense with facts in it.

    Raises SettingError also where an embedded store's file is not there: a misspelt path must not look like a
    store without fraud.
    """
    if url.startswith("sqlite:") and not sqlite_path(url).exists():
        raise SettingError(
            f"there is no store at {sqlite_path(url)}: load records into it first (ringfence load), "
            "or correct --store"
        )
    return open_store(url, zone=zone)


def _refuse_folder(url: str) -> None:
    path = url.removeprefix("sqlite:///").removeprefix("file://")
    if path and (folder := Path(path)).is_dir():
        raise SettingError(
            f"{folder} is a folder and no store: give the path of a store; a delivery is loaded first "
            f"(ringfence load {folder} --store sqlite:///ringfence.db)"
        )


def _open_neo4j(url: str, live: bool) -> GraphStore:
    try:
        from graph.stores.neo4j import Neo4jStore  # here, because its driver is an extra
    except ImportError:
        raise SettingError("a Neo4j store needs the extra `neo4j` (pip install ringfence[neo4j])") from None
    return Neo4jStore(url, live=live)


def sqlite_path(url: str) -> Path:
    """The file of a sqlite URL: three slashes before a relative path, four before an absolute one."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path or path == ":memory:" or path.endswith("/"):
        raise SettingError(f"{url!r} names no file: known are {STORES}")
    return Path(path)


def open_casebook(url: str, sync: str = "normal") -> Casebook:
    """The casebook behind a SQLAlchemy URL, its tables made where they are missing."""
    return Casebook(url, sync)


def casebook_given(url: str, *, new: bool | None = None) -> str:
    """The URL of a casebook that an argument names, for a command that works with one that is there already.
    `new`: whether one is to be made where there is none; None for a command that makes none.

    Raises SettingError where an embedded one's file is not there: cases in a misspelt casebook are seen by
    nobody, and what is read of one would be nothing.
    """
    path = file_of(url)
    if path is not None and not new and not path.exists():
        made = "" if new is None else ", or make one with --new-casebook"
        raise SettingError(
            f"there is no casebook at {path}: name the one that the service has (RINGFENCE_CASEBOOK, or "
            f"--casebook){made}"
        )
    return url


def moment_given(settings: Settings, text: str) -> datetime:
    """The moment that a command's argument means: ISO-8601, a date is its midnight, without an offset in the
    settings' time zone.

    Raises SettingError.
    """
    try:
        return read_moment(text, time_zone(settings.timezone))
    except (ValueError, OverflowError):
        raise SettingError(
            f"{text!r} is no ISO-8601 time: 2026-01-05 or 2026-01-05T10:00:00+08:00 are"
        ) from None


def refuse_empty(since: datetime, until: datetime) -> None:
    """Raise SettingError for a period that holds no moment."""
    if since >= until:
        raise SettingError("the period is empty: --since must lie before --until")


def as_of_given(settings: Settings, text: str) -> datetime:
    """The same for the moment of a view. Raises SettingError for one that has not come yet: what is to be
    known by then is not known.
    """
    moment = moment_given(settings, text)
    if moment > system_clock():
        raise SettingError(
            f"{text} lies in the future: what will be known by then is not known, the latest moment is now"
        )
    return moment


def load_scorer(folder: str, pinned: str = "") -> Scorer:
    """The model bundle in a folder, where `pinned` is given only the one with that digest.

    Raises BundleError for one that is missing, damaged, another, or made for other inputs, naming what
    differs.
    """
    from gnn.scoring.scorer import Scorer  # here, because most commands need no model

    return Scorer.load(Path(folder), pinned)


def open_keyring(settings: Settings, store: GraphStore, *, strict: bool = False) -> Keyring:
    """The keys of the pseudonyms of `store`; an embedded one without facts and key makes its own in a file
    beside it, and logs that.

    By them the store keeps out from here on who was erased. Raises SettingError where a key is needed and
    there is none, also one by which the store knows its erased, and for a weak one: always for a store on a
    server, which others may reach, for an embedded one when `strict` (else it is said).
    """
    beside = sqlite_path(settings.store) if settings.store.startswith("sqlite:") else None
    values = {
        "hash_key": settings.hash_key,
        "hash_key_version": settings.hash_key_version,
        "hash_algorithm": settings.hash_algorithm,
    }
    keys = keyring(values, beside, log.warning, lambda: store.revision() == 0)
    if (weak := keys.weakness()) is not None:
        if strict or beside is None:
            raise SettingError(weak)
        log.warning("%s", weak)
    with suppress(StoreUnavailableError):  # else it is looked at when the store is there
        store.state()
    store.refusal.open_with(keys.keys)
    return keys


def known_keys(settings: Settings) -> Keys:
    """The keys of the settings' store where there are any; none is made, and no store opened."""
    beside = sqlite_path(settings.store) if settings.store.startswith("sqlite:") else None
    own = beside is not None and beside.with_name(beside.name + ".key").exists()
    if not (settings.hash_key.strip() or own):
        return ()
    values = {"hash_key": settings.hash_key, "hash_key_version": settings.hash_key_version}
    return keyring(values, beside if own else None, log.warning, lambda: True).keys


def policy_for(settings: Settings, scorer: Scorer | None) -> Policy:
    """The policy, with the thresholds of the settings where they are set, else the model's, else the
    defaults.
    """
    own = Thresholds()
    review, decline = (
        (scorer.review_probability, scorer.decline_probability) if scorer else (own.review, own.decline)
    )
    review, decline = settings.review_probability or review, settings.decline_probability or decline
    return Policy(Thresholds(review=review, decline=decline, approve=settings.approve_ceiling))


def follows(settings: Settings) -> bool:
    """Whether the review threshold follows the scores: unless the settings say which it is, or that it
    stays.
    """
    return settings.review_follows == ON and not settings.review_probability


def _without_password(url: str) -> str:
    scheme, revision, rest = url.partition("://")
    return scheme + revision + rest.rpartition("@")[2]

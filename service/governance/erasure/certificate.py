"""The certificate of an erasure: what was done and what is left where, signed, without a name of anybody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from graph.model.erasure import ALWAYS
from graph.model.errors import DeliveryError
from graph.model.moments import moment
from graph.signatures import Keys, SignatureState, sign, state_of
from service.settings import Settings

FORMAT = "ringfence erasure certificate, version 1"
EMBEDDED = "sqlite"  # what the URL of a file begins with
_PURPOSE = b"ringfence erasure certificate, version 1"
_ALWAYS_LEFT = """\
backups and copies of store and casebook from before, until they are overwritten
files that were written before: deliveries, reports, scores, exports, logs, answers sent to others
copies in memory and on disk on other machines, until their processes fill them anew
in the store, under surrogates: amounts, moments, cities, years of birth, and all else that answers rest on
of ids the last two characters, and their place among others
identifiers that somebody else holds too
what lenders wrote in columns of their own about somebody else, and may name the erased there
in the casebook, under surrogates: verdicts, alerts, and cases about the erased without their notes and files
in notes, purposes and files about others: numbers of up to five digits and single characters, and pictures
digests of rows under seals, and of a ring's first members in its id: by them a guess of an id can be checked
keyed codes of the erased ids, in the store and in this certificate, by which these stay out"""
_SIGNED = ("sha256", "signature")  # the members that are about the others


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """What was found of a certificate, of which erasure it is, and under which version of the key."""

    state: SignatureState
    certificate: str | None
    key_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOutcome:
    """What may keep an erasure from its end: of which part (`store`, `casebook`) old bytes are `overwritten`,
    the folders of `frames` that could not be filled anew, and which earlier erasures were `given_up`.
    """

    overwritten: Mapping[str, bool]
    frames: Sequence[Path] = ()
    given_up: Sequence[str] = ()


def left_after(settings: Settings, outcome: ErasureOutcome) -> Iterator[str]:
    """What an erasure leaves and where, in sentences."""
    yield from _ALWAYS_LEFT.splitlines()
    embedded = {"store": settings.store, "casebook": settings.casebook}
    if not settings.store.startswith(EMBEDDED):
        yield "old bytes in pages, indexes and transaction logs of the Neo4j server: a copy has none of them"
    if not settings.casebook.startswith(EMBEDDED):
        yield "old bytes in pages and write-ahead logs of the PostgreSQL server, until they are written anew"
    for part, done in outcome.overwritten.items():
        if not done and embedded[part].startswith(EMBEDDED):
            yield f"bytes of old rows in the file of the {part}, which others held: run the command again"
    for folder in outcome.frames:
        yield f"the frame in {folder}, not filled anew: no process reads it; take its files away"
    for certificate in outcome.given_up:
        yield f"in the casebook, names of people whose erasure {certificate} was given up half way"


def signed(content: Mapping[str, Any], keys: Keys) -> bytes:
    """A certificate as indented JSON, with the SHA-256 of its content and VERSION:HMAC-SHA256 of that content
    by a key for this purpose alone.
    """
    body = _canonical({"format": FORMAT, **content})
    members = {
        "sha256": hashlib.sha256(body).hexdigest(),
        "signature": ":".join(sign(body, keys, _PURPOSE)),
    }
    whole = orjson.loads(body) | members
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@dataclass(frozen=True, slots=True)
class CertifiedCodes:
    """Which erasure a certificate is of, and the codes of the names that it took away, each with the moment
    (microseconds) before which facts that name it stay out.
    """

    certificate: str
    codes: Mapping[str, int]

    @property
    def until(self) -> datetime:
        """That moment of people, whose ids may be somebody new's later."""
        return moment(max((until for until in self.codes.values() if until < ALWAYS), default=0))


def codes_in(content: bytes, keys: Keys) -> CertifiedCodes:
    """What it says. Raises DeliveryError for one that is not valid."""
    found = checked(content, keys)
    if found.state is not SignatureState.VALID:
        raise DeliveryError(f"the certificate {found.certificate} is {found.state}: it is not followed")
    return CertifiedCodes(str(found.certificate), orjson.loads(content).get("codes", {}))


def checked(content: bytes, keys: Keys) -> CheckedCertificate:
    """Whether a certificate is one of ours and says what it said. Raises DeliveryError for another file."""
    try:
        read = orjson.loads(content)
        json.loads(content, object_pairs_hook=_said_once)
        if not isinstance(read, dict) or read.get("format") != FORMAT:
            raise ValueError("it has another format")
    except ValueError as error:
        raise DeliveryError(f"no certificate of an erasure: {error}") from None
    name = str(read.get("certificate"))
    version, mark, code = str(read.get("signature", "")).partition(":")
    if not mark:
        return CheckedCertificate(SignatureState.UNSIGNED, name, None)
    body = _canonical({key: value for key, value in read.items() if key not in _SIGNED})
    state = state_of(body, version, code, keys, _PURPOSE)
    if state is SignatureState.VALID and read.get("sha256") != hashlib.sha256(body).hexdigest():
        state = SignatureState.TAMPERED
    return CheckedCertificate(state, name, version)


def _said_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises ValueError where it has a member twice: people may read the other one."""
    if len(read := dict(members)) < len(members):
        raise ValueError("it says one thing twice")
    return read


def _canonical(content: Mapping[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)

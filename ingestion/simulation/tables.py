"""A cohort as the tables of the record contract."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulation.cohort import RELATIONS, Cohort
from ingestion.simulation.dirt import Dirt
from ingestion.simulation.events import EVENT_KINDS
from ingestion.simulation.keys import GLOBAL_KEYS, NONE, BoolArray, IntArray, hashed, scatter
from ingestion.simulation.loans import CHANNELS, KIOSK_KEY, PRODUCTS
from ingestion.simulation.outcomes import SOURCES, STATUSES
from ingestion.simulation.places import CATEGORIES, CITIES, LENDERS, Places
from ingestion.simulation.render import MODELS, RENDER, from_list, hexadecimal, local_times, national_ids
from ingestion.simulation.world_spec import KINDS, WorldSpec

_APPLICANTS = 100_000_000
_EVENT, _LOAN = 21, 22
_NOBODY = np.zeros(0, dtype=np.int64)


def world_tables(recipe: WorldSpec, places: Places) -> dict[str, pa.Table]:
    """The tables that stand before any applicant: platforms and merchants."""
    lenders = pa.table({
        "platform_id": [f"L{i + 1:02d}" for i in range(len(LENDERS))],
        "type": [lender[0] for lender in LENDERS], "is_own": [lender[1] for lender in LENDERS],
    })  # fmt: skip
    count = len(places.merchant_city)
    merchants = pa.table({
        "merchant_id": _merchant_ids(np.arange(count)),
        "category": from_list(list(CATEGORIES), places.merchant_category),
        "city": from_list([c[0] for c in CITIES], places.merchant_city),
        "opened_at": local_times(places.merchant_opened),
    })  # fmt: skip
    return {
        "platforms": lenders,
        "merchants": merchants,
        "devices": _device_table(KIOSK_KEY + np.arange(count)),
    }


def cohort_tables(recipe: WorldSpec, cohort: Cohort, dirt: Dirt) -> dict[str, pa.Table]:
    """One piece of each table, rows in order of time, and of the truth (`applicants`), in order of id."""
    people = _applicant_ids(recipe, cohort.begin + np.arange(len(cohort.people)))
    return {
        "applications": _applications(recipe, cohort, people, dirt),
        "events": _events(cohort, people, dirt),
        "outcomes": _outcomes(cohort),
        "labels": _labels(cohort, people),
        "contacts": _contacts(cohort, people, dirt),
        "devices": _devices(cohort),
        "truth": _truth(cohort, people),
    }


def _applications(recipe: WorldSpec, cohort: Cohort, people: pa.Array, dirt: Dirt) -> pa.Table:
    loans, crowd = cohort.loans, cohort.people
    order = np.argsort(loans.at, kind="stable")
    who = loans.who[order]

    def text(kind: str, keys: IntArray) -> pa.Array:
        return dirt.soil(kind, _values(kind, keys[order]))

    ids = national_ids(crowd.national_id, crowd.birth_year).take(pa.array(who))
    return pa.table({
        "application_id": _loan_ids(cohort, order), "applied_at": local_times(loans.at[order]),
        "applicant_id": people.take(pa.array(who)), "platform_id": _lender_ids(loans.lender[order]),
        "product": from_list(list(PRODUCTS), loans.product[order]), "amount": loans.amount[order],
        "term_months": loans.term[order], "merchant_id": _merchant_ids(loans.merchant[order]),
        "agent_id": _agent_ids(loans.agent[order]),
        "channel": from_list(list(CHANNELS), loans.channel[order]),
        "national_id": dirt.soil("national_id", ids), "phone": text("phone", loans.phone),
        "device_id": text("device_id", loans.device), "bank_card": text("bank_card", loans.card),
        "email": text("email", crowd.email[loans.who]), "ip": text("ip", loans.ip),
        "wifi": text("wifi", loans.wifi), "address": text("address", crowd.address[loans.who]),
        "employer": text("employer", crowd.employer[loans.who]),
        "employer_phone": text("employer_phone", crowd.employer_phone[loans.who]),
        "contact_phone_1": text("contact_phone", loans.contact_1),
        "contact_phone_2": text("contact_phone", loans.contact_2),
        "face_match": dirt.lose(pa.array(np.round(loans.face[order], 3)), 0.14),
        "liveness": dirt.lose(pa.array(np.round(loans.liveness[order], 3)), 0.2),
        "phone_three_element": dirt.lose(pa.array(loans.three[order]), 0.08),
        "birth_year": dirt.lose(pa.array(crowd.birth_year[who]), 0.03),
        "city": from_list([c[0] for c in CITIES], crowd.city[who]),
        "new_citizen": dirt.lose(pa.array(crowd.new_citizen[who]), 0.15),
    })  # fmt: skip


def _events(cohort: Cohort, people: pa.Array, dirt: Dirt) -> pa.Table:
    events = cohort.events
    columns = events.columns
    return pa.table({
        "event_id": hexadecimal(hashed((np.int64(cohort.number) << 32) + np.arange(len(events)), _EVENT)),
        "kind": from_list(list(EVENT_KINDS), events.kind), "at": local_times(events.at),
        "applicant_id": people.take(pa.array(events.who)), "phone": _values("phone", columns["phone"]),
        "device_id": dirt.placeholders("device_id", _values("device_id", columns["device"])),
        "bank_card": _values("bank_card", columns["card"]), "ip": _values("ip", columns["ip"]),
        "wifi": dirt.placeholders("wifi", _values("wifi", columns["wifi"])),
        "address": _values("address", columns["address"]),
        "counterparty_id": people.take(_nullable(columns["counterparty"])),
        "merchant_id": _merchant_ids(columns["merchant"]), "amount": _nullable(columns["amount"]),
    })  # fmt: skip


def _outcomes(cohort: Cohort) -> pa.Table:
    rows = cohort.outcomes
    return pa.table({
        "application_id": _loan_ids(cohort, rows.loan), "status": from_list(list(STATUSES), rows.status),
        "at": local_times(rows.at), "amount": _nullable(rows.amount),
    })  # fmt: skip


def _labels(cohort: Cohort, people: pa.Array) -> pa.Table:
    rows = cohort.labels
    about_loan = rows.loan != NONE
    return pa.table({
        "application_id": pc.if_else(pa.array(about_loan), _loan_ids(cohort, np.maximum(rows.loan, 0)), None),
        "applicant_id": pc.if_else(pa.array(about_loan), None, people.take(pa.array(rows.who))),
        "label": from_list(["good", "fraud"], rows.fraud.astype(np.int64)),
        "known_at": local_times(rows.known_at), "source": from_list(list(SOURCES), rows.source),
    })  # fmt: skip


def _contacts(cohort: Cohort, people: pa.Array, dirt: Dirt) -> pa.Table:
    rows = cohort.contacts
    return pa.table({
        "applicant_id": people.take(pa.array(rows.who)),
        "phone": pc.fill_null(dirt.soil("contact_phone", _values("phone", rows.phone)), "unknown"),
        "relation": from_list(list(RELATIONS), rows.relation), "at": local_times(rows.at),
    })  # fmt: skip


def _devices(cohort: Cohort) -> pa.Table:
    """Every phone seen; one held by several people is an emulator when one of its holders runs it as such."""
    people = cohort.people
    owned = np.concatenate([people.device_a, people.device_b])
    seen = np.concatenate([cohort.loans.device, cohort.events.columns["device"]])
    keys = np.unique(seen[seen != NONE])
    keys = keys[keys >= GLOBAL_KEYS]  # a shop's tablet stands in the world's own piece
    return _device_table(
        keys, emulators=owned[np.tile(people.emulator, 2)], rooted=owned[np.tile(people.rooted, 2)]
    )


def _device_table(keys: IntArray, emulators: IntArray = _NOBODY, rooted: IntArray = _NOBODY) -> pa.Table:
    order = np.argsort(hashed(keys, 15))  # not by holder
    keys = keys[order]
    rank = (hashed(keys, 14) % np.uint64(len(MODELS))).astype(np.int64)
    return pa.table({
        "device_id": _values("device_id", keys), "os": from_list([m[0] for m in MODELS], rank),
        "model": from_list([m[1] for m in MODELS], rank),
        "is_emulator": np.isin(keys, emulators), "is_rooted": np.isin(keys, rooted),
    })  # fmt: skip


def _truth(cohort: Cohort, people: pa.Array) -> pa.Table:
    crowd = cohort.people
    table = pa.table({
        "applicant_id": people, "kind": from_list(list(KINDS), crowd.kind),
        "ring": _names("W", cohort.number, crowd.ring), "bad": crowd.bad.astype(np.int64),
        "group": _names("H", cohort.number, np.where(crowd.ring == NONE, crowd.group, NONE)),
        "first_applied_at": local_times(_first(cohort)),
    })  # fmt: skip
    return table.sort_by("applicant_id")


def _first(cohort: Cohort) -> IntArray:
    first = np.full(len(cohort.people), np.iinfo(np.int64).max)
    np.minimum.at(first, cohort.loans.who, cohort.loans.at)
    return first


def _names(letter: str, number: int, which: IntArray) -> pa.Array:
    words = [f"{letter}{number:03d}-{i:05d}" for i in range(int(which.max(initial=-1)) + 1)]
    return pc.fill_null(pa.array([*words, ""]).take(pa.array(np.where(which == NONE, len(words), which))), "")


def _values(kind: str, keys: IntArray) -> pa.Array:
    """The text of each key, null for NONE; each distinct value is written once."""
    known, where = np.unique(keys, return_inverse=True)
    missing = int(len(known) > 0 and known[0] == NONE)
    pool = RENDER["phone" if kind in ("contact_phone", "employer_phone") else kind](known[missing:])
    return pool.take(_nullable(where - missing))


def _nullable(values: IntArray) -> pa.Array:
    missing: BoolArray = values == NONE
    return pa.array(values, mask=missing)


def _applicant_ids(recipe: WorldSpec, positions: IntArray) -> pa.Array:
    """Ids that say nothing of the order in which people were made."""
    spot = scatter(positions, _APPLICANTS, 1_000 + recipe.seed % 100_000)
    return pa.array([f"A{number:08d}" for number in spot.tolist()])


def _loan_ids(cohort: Cohort, positions: IntArray) -> pa.Array:
    return hexadecimal(hashed((np.int64(cohort.number) << 32) + positions, _LOAN))


def _lender_ids(which: IntArray) -> pa.Array:
    return from_list([f"L{i + 1:02d}" for i in range(len(LENDERS))], which)


def _merchant_ids(which: IntArray) -> pa.Array:
    return _numbered("M", which, 60_000, 31)


def _agent_ids(which: IntArray) -> pa.Array:
    return _numbered("G", which, 1 << 34, 32)


def _numbered(letter: str, which: IntArray, size: int, salt: int) -> pa.Array:
    known, where = np.unique(which, return_inverse=True)
    missing = int(len(known) > 0 and known[0] == NONE)
    pool = pa.array(
        [f"{letter}{number}" for number in scatter(known[missing:], size, salt).tolist()], type=pa.string()
    )
    return pool.take(_nullable(where - missing))

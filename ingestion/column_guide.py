"""Descriptions and examples of the contract's columns, for documentation and the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Guide(NamedTuple):
    """A column's sentence, and a value as it may be given."""

    about: str
    example: Any


_HASHED = "Raw, or hashed as `hash_scheme` says."

GUIDE: Mapping[str, Guide] = MappingProxyType(
    {
        "application_id": Guide("The lender's id of the application.", "2026-000123"),
        "applied_at": Guide(
            "When it was applied for; a live request is assessed as of its arrival, whatever stands here.",
            "2026-01-05T10:00:00+08:00",
        ),
        "applicant_id": Guide("The lender's id of the person.", "C-8841"),
        "platform_id": Guide(
            (
                "The lender, by its id in the table `platforms`. A key that speaks for one lender may leave "
                "it out."
            ),
            "L01",
        ),
        "product": Guide("What is borrowed.", "cash"),
        "amount": Guide("CNY.", 8000),
        "term_months": Guide("How long the loan runs, in months.", 12),
        "merchant_id": Guide(
            "The shop where the money is spent, by its id in the table `merchants`.", "M-0042"
        ),
        "agent_id": Guide("Who brought the applicant.", "AG-7"),
        "channel": Guide("The way by which the application came.", "app"),
        "national_id": Guide(
            f"Number of the resident identity card; its checksum is verified. {_HASHED}", "11010519491231002X"
        ),
        "phone": Guide(f"Any spelling of a number is one phone. {_HASHED}", "+86 150-7315-7065"),
        "device_id": Guide(f"Fingerprint of the device. {_HASHED}", "6f1f9a62c0de4b7f"),
        "bank_card": Guide(f"Number of the card that the money goes to. {_HASHED}", "6222021234567890128"),
        "email": Guide(f"E-mail address. {_HASHED}", "li.wei@example.com"),
        "ip": Guide(f"IPv4 or IPv6 address of the device. {_HASHED}", "10.8.0.7"),
        "wifi": Guide(f"BSSID of the network that the device is in. {_HASHED}", "00:1a:2b:3c:4d:5e"),
        "address": Guide(f"Where the applicant lives. {_HASHED}", "北京市朝阳区建国路88号"),
        "employer": Guide(f"Name of the employer. {_HASHED}", "晨光贸易有限公司"),
        "employer_phone": Guide(f"Phone of the employer. {_HASHED}", "010-62345678"),
        "contact_phone_1": Guide(f"Phone of a contact. {_HASHED}", "13912345678"),
        "contact_phone_2": Guide(f"Phone of another contact. {_HASHED}", "13712345678"),
        "face_match": Guide("How well the face matches the card's, from 0 to 1.", 0.97),
        "liveness": Guide("How sure it is that a living person was before the camera, from 0 to 1.", 0.99),
        "phone_three_element": Guide(
            "Whether the operator confirms that name, national id and phone belong together.", True
        ),
        "birth_year": Guide("Year of birth.", 1990),
        "city": Guide("Where the applicant lives.", "Shanghai"),
        "new_citizen": Guide("Whether the applicant has lately come to the city.", False),
        "event_id": Guide(
            "Id of the event; without one it gets one of its content, so that the same event again is known.",
            "E-1",
        ),
        "kind": Guide(
            (
                "What happened: login, device_use, card_bind, transfer, referral, payment, repayment, "
                "withdrawal, profile_change or another word."
            ),
            "login",
        ),
        "at": Guide("When it happened.", "2026-01-05T10:00:00+08:00"),
        "counterparty_id": Guide("The applicant on the other side, of a transfer or a referral.", "C-1203"),
        "status": Guide("What became of the application.", "disbursed"),
        "label": Guide("What somebody concluded.", "fraud"),
        "known_at": Guide("When that became known; it counts from then on.", "2026-03-02T09:00:00+08:00"),
        "source": Guide("Who concluded it.", "investigation"),
        "detail": Guide("Anything that helps people.", "identity theft"),
        "type": Guide("What kind of lender it is.", "consumer_finance"),
        "is_own": Guide("Whether the lender runs this service.", True),
        "category": Guide("What the shop sells.", "phones"),
        "opened_at": Guide("When the shop opened.", "2024-05-01"),
        "relation": Guide("What the contact is to the applicant.", "spouse"),
        "os": Guide("Operating system of the device.", "Android 15"),
        "model": Guide("Model of the device.", "M2102J2SC"),
        "is_emulator": Guide("Whether the device is an emulator.", False),
        "is_rooted": Guide("Whether the device's protection is broken.", False),
    }
)

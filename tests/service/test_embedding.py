"""Whoever embeds the service, or tries it without a socket, finds its parts under names that stay."""

from __future__ import annotations

from pathlib import Path

from service.app import create_app
from service.settings import Settings
from service.wiring import open_store, wire
from tests.support.small_worlds import applies, day, uses
from tests.support.stores import HASH_KEY, TIMEOUT_MS


def test_a_service_is_put_together_in_three_steps_and_its_store_read_beside_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/graph.db"
    settings = Settings(
        store=url, casebook=f"sqlite:///{tmp_path}/casebook.db", hash_key=HASH_KEY, timeout_ms=TIMEOUT_MS
    )
    context = wire(settings, clock=lambda: day(70))
    told = {
        "application_id": "a1",
        "applicant_id": "p1",
        "platform_id": "L1",
        "amount": 8000,
        "device_id": "6f1f9a62c0de4b7f",
    }
    answer = create_app(context).test_client().post("/risk", json=told).get_json()
    assert answer["multi_lending"]["variables"]
    with open_store(url) as store:
        (application,) = store.view(day(71)).applications(day(1))
        (mention,) = application.mentions
        assert (application.application_id, mention.identifier.kind.value, mention.identifier.linking) == (
            "a1",
            "device",
            True,
        )
    context.close()
    assert applies("p1", 1, uses("device", "d")).mentions[0].identifier.node, (
        "as a file of facts made by hand names it"
    )

"""The README's request is one that the service takes, and its answer has the shape of a real one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from graph.model.types import Facts, Platform, PlatformType
from service.app import create_app
from tests.support.small_service import key, service

ROOT = Path(__file__).parents[2]


def example(page: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body that a page sends to /risk, and the answer that it shows."""
    text = (ROOT / page).read_text(encoding="utf-8")
    sent = re.search(r" -d '(\{.*?\})'\n```", text, re.DOTALL)
    shown = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert sent
    assert shown
    return json.loads(sent[1]), json.loads(shown[1])


def same_shape(shown: Any, real: Any) -> bool:
    """Whether both have the same keys at every depth; what is null in one may be anything in the other."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(same_shape(shown[name], real[name]) for name in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return all(any(same_shape(one, other) for other in real) for one in shown)
    number = (int, float)
    plain = isinstance(shown, number) and isinstance(real, number)
    return shown is None or real is None or plain or type(shown) is type(real)


def test_the_answer_that_the_readme_shows_has_the_keys_of_a_real_one(tmp_path: Path) -> None:
    sent, shown = example("README.md")
    lender = Platform(platform_id=sent["platform_id"], type=PlatformType.BANK_ONLINE, is_own=True)
    context = service(tmp_path, Facts(platforms=(lender,)), api_keys=f"engine:{key('engine')}:risk@*")
    client = create_app(context).test_client()
    headers = {"Authorization": f"Bearer {key('engine')}"}
    for n in range(3):
        others = sent | {"application_id": f"before-{n}", "applicant_id": f"before-{n}"}
        assert client.post("/risk", json=others, headers=headers).status_code == 200
    real = client.post("/risk", json=sent, headers=headers).get_json()
    assert "ignored" not in real
    assert real["reasons"] != []
    assert same_shape(shown, real)


def test_both_readmes_show_the_same_request_and_answer() -> None:
    assert example("README.md") == example("README.zh.md")

"""Nobody is answered without a key: a first start makes one, in a file, shown once; keys and hash keys that
could be guessed are refused.
"""

from __future__ import annotations

import re
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from graph.model.errors import SettingError
from graph.strength import weakness
from ingestion.identifiers.pseudonymise import Keyring
from scripts.cli.commands import demo
from service.app import create_app, from_environment
from service.assessment.lender_binding import OPERATOR
from service.http.callers import auth
from service.http.callers.access import OPEN_TO_ALL, SCOPES, scope_of
from service.http.callers.auth import CallerKeyRing
from service.http.callers.operator_key import operators_file, with_operators_key
from service.opening import open_keyring
from service.settings import Settings
from service.wiring import wire
from tests.support.small_service import body, key, service, settings_in
from tests.support.stores import sqlite_only

ROOT = Path(__file__).parents[3]


def beside(folder: Path, **more: Any) -> Settings:
    return Settings(store=f"sqlite:///{folder}/graph.db", casebook=f"sqlite:///{folder}/casebook.db", **more)


def test_a_first_start_makes_a_key_that_opens_everything_and_shows_it_once(tmp_path: Path) -> None:
    first: list[str] = []
    settings = with_operators_key(beside(tmp_path), first.append)
    file = tmp_path / "graph.db.operator.key"
    created = file.read_text().strip()
    assert re.fullmatch("[0-9a-f]{64}", created)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [created in line for line in first] == [True, False]
    caller = CallerKeyRing(settings.api_keys).keys().caller(f"Bearer {created}")
    assert caller is not None
    assert (caller.name, caller.scopes, caller.binding) == ("operator", frozenset(SCOPES), OPERATOR)
    assert created not in settings.api_keys, "workers get the digest alone"
    again: list[str] = []
    assert with_operators_key(beside(tmp_path), again.append) == settings
    assert again == [f"the operator's key is in {file}, which only you can read"]


def test_two_first_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    for n in range(20):
        folder = tmp_path / str(n)
        folder.mkdir()
        stated: list[str] = []
        with ThreadPoolExecutor(8) as pool:
            started = set(
                pool.map(
                    lambda _, at=folder, to=stated: with_operators_key(beside(at), to.append).api_keys,
                    range(8),
                )
            )
        assert len(started) == 1
        assert sum("made one for you" in line for line in stated) == 1
        assert [path.name for path in folder.iterdir()] == ["graph.db.operator.key"], (
            "nothing is left lying about"
        )


def test_a_key_that_others_could_read_or_guess_is_refused_and_the_way_out_is_said(
    tmp_path: Path,
) -> None:
    with_operators_key(beside(tmp_path), print)
    file = tmp_path / "graph.db.operator.key"
    file.chmod(0o644)
    with pytest.raises(SettingError, match=r"the operator's key: .* is open to others .*chmod 600"):
        with_operators_key(beside(tmp_path), print)
    file.chmod(0o600)
    for weak in ("", "password", "0123456789abcdefghijklmnopqrstuvwxyz"):
        file.write_text(weak)
        with pytest.raises(SettingError, match=r"graph\.db\.operator\.key: .*weak.*delete the file"):
            with_operators_key(beside(tmp_path), print)
    file.unlink()
    assert with_operators_key(beside(tmp_path), print)


def test_of_a_store_on_a_server_the_key_lies_beside_the_casebook_or_must_be_given(tmp_path: Path) -> None:
    graph = "neo4j://neo4j:secret@db:7687/neo4j"
    assert (
        operators_file(Settings(store=graph, casebook=f"sqlite:///{tmp_path}/c.db"))
        == tmp_path / "c.db.operator.key"
    )
    with pytest.raises(SettingError, match="RINGFENCE_API_KEYS_FILE"):
        operators_file(Settings(store=graph, casebook="postgresql+psycopg://u:secret@db/ringfence"))


@pytest.mark.parametrize(
    "environ",
    [
        {"REMOTE_ADDR": "127.0.0.1"},
        {
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "HTTP_X_FORWARDED_FOR": "127.0.0.1",
            "HTTP_X_REAL_IP": "::1",
        },
        {"REMOTE_ADDR": "::1", "HTTP_RINGFENCE_IN_PROCESS": "true", "HTTP_AUTHORIZATION": "Bearer "},
        {"REMOTE_ADDR": "10.1.2.3", "HTTP_HOST": "risk.example"},
    ],
)
def test_whatever_a_request_says_of_itself_without_a_key_it_opens_nothing(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    context = service(tmp_path)
    app = create_app(context)
    assert app.test_client().post("/risk", json=body()).status_code == 200, (
        "in its own process the application is whoever holds it"
    )
    client = Client(app)  # as any server asks it
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<assessment_id>", "x").replace("<ring_id>", "x").replace("<path:name>", "x")
        method = "POST" if "POST" in rule.methods else "GET"
        answer = client.open(
            path, method=method, json={} if method == "POST" else None, environ_overrides=environ
        )
        assert (answer.status_code in (401, 429)) == (scope_of(rule.endpoint) != OPEN_TO_ALL), rule.rule
    context.close()


def test_a_worker_without_keys_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_in(tmp_path).to_environment().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=r"ringfence serve, which makes one"):
        from_environment()


def test_a_file_of_keys_without_a_key_opens_nothing_to_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "LOOK_AGAIN_S", 0.0)
    file = tmp_path / "keys"
    file.touch(0o600)
    with pytest.raises(SettingError, match="holds no key"):
        CallerKeyRing(file=str(file)).keys()
    file.write_text(f"engine:{key('engine')}:risk@*\n")
    ring = CallerKeyRing(file=str(file))
    assert ring.keys()
    file.write_text("# all taken out\n")
    assert ring.keys().caller(f"Bearer {key('engine')}"), (
        "a file that is emptied, or just being written, changes nothing"
    )


WEAK = ("a key for trials", "0123456789abcdef" * 4, "a" * 64, "abcdefghijklmnopqrstuvwxyz0123456789")


@sqlite_only
@pytest.mark.parametrize("weak", WEAK)
def test_a_weak_hash_key_is_refused_by_what_listens_and_said_by_what_only_loads(
    tmp_path: Path, weak: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(tmp_path, hash_key=weak)
    wire(settings).close()
    assert "the hash key k1 is weak" in caplog.text
    assert weak not in caplog.text
    with pytest.raises(SettingError, match="the hash key k1 is weak"):
        wire(settings, listens=True)
    # the way out: what came under it still links
    wire(settings_in(tmp_path, hash_key=f"k2:{key('new')},k1:{weak}"), listens=True).close()


def test_a_weak_hash_key_of_a_store_on_a_server_is_refused_always() -> None:
    with pytest.raises(SettingError, match="the hash key k1 is weak"):
        open_keyring(Settings(store="neo4j://neo4j:secret@db:7687", hash_key="a key for trials"), None)  # type: ignore[arg-type]


def test_a_weak_key_that_a_store_has_beside_it_is_refused_too(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, store=f"sqlite:///{tmp_path}/graph.db", hash_key="")
    wire(settings, listens=True).close()
    (tmp_path / "graph.db.key").write_text("secret")
    with pytest.raises(SettingError, match="weak"):
        wire(settings, listens=True)


def test_the_demonstration_has_a_key_of_its_own_whatever_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("RINGFENCE_API_KEYS", "RINGFENCE_API_KEYS_FILE"):
        monkeypatch.setenv(name, "somebody's")
    seen = "import os, sys; sys.exit(any(name.startswith('RINGFENCE_API_KEYS') for name in os.environ))"
    monkeypatch.setattr(demo, "announced", lambda *_: [sys.executable, "-c", seen])
    assert demo.start("the service", "serve").wait(60) == 0


@given(
    st.integers(),
    st.sampled_from(("0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")),
)
def test_what_a_generator_of_keys_makes_is_never_weak(seed: int, alphabet: str) -> None:
    assert weakness("".join(Random(seed).choices(alphabet, k=40))) is None
    assert weakness(secrets.token_urlsafe(32)) is None


def test_no_example_of_the_docs_is_a_key() -> None:
    texts = [
        *(ROOT / "docs").glob("*.md"),
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        ROOT / "compose.yaml",
        ROOT / "deploy" / "Caddyfile",
    ]
    examples = {
        value
        for path in texts
        for value in re.findall(
            r"(?:HASH_KEY|API_KEYS)=(\S+)|`(k\d+:[^`]+)`|`\w+:([^`:,@]+)(?::[^`]*)?(?:@[^`]*)?`",
            path.read_text(encoding="utf-8"),
        )
        for value in value
        if value
    }
    assert {"KEY", "k2:new,k1:old"} <= examples
    for one in examples:
        strong = weakness(one) is None if not one.startswith("k2:") else Keyring.parse(one).weakness() is None
        assert not strong, one

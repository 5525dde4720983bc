"""compose.yaml is kept honest: what it sets are settings, its URLs can be opened, its versions are those that are tested, its files are there."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import yaml

from graph.neo4j_store.address import address_of
from scripts.neo4j_jars import SERVER_VERSION
from service.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SECRET = re.compile(r"\$\{(\w+):\?\}")


def told(service: str) -> dict[str, str]:
    """A service's environment, every secret filled in."""
    return {name: SECRET.sub("secret", str(value)) for name, value in SERVICES[service]["environment"].items()}


def test_the_service_is_given_settings_that_there_are_and_urls_that_can_be_read() -> None:
    settings = Settings.from_environment(told("ringfence"))
    address = address_of(settings.store)
    assert (address.uri, address.user, address.password, address.database) == ("neo4j://neo4j:7687", "neo4j", "secret", "neo4j")
    book = sqlalchemy.make_url(settings.casebook)
    assert (book.drivername, book.host, book.username, book.password) == ("postgresql+psycopg", "postgres", "ringfence", "secret")
    assert SERVICES["ringfence"]["volumes"] == [f"./var/model:{settings.model}:ro"]


def test_both_ends_of_a_password_are_the_same_secret() -> None:
    assert told("neo4j")["NEO4J_AUTH"] == "neo4j/secret"
    assert SERVICES["neo4j"]["environment"]["NEO4J_AUTH"].count("${NEO4J_PASSWORD:?}") == 1
    assert "${NEO4J_PASSWORD:?}" in SERVICES["ringfence"]["environment"]["RINGFENCE_STORE"]
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"] in SERVICES["ringfence"]["environment"]["RINGFENCE_CASEBOOK"]


def test_neo4j_is_the_version_that_the_tests_run_on() -> None:
    assert SERVICES["neo4j"]["image"] == f"neo4j:{'.'.join(SERVER_VERSION.split('.')[:2])}-community"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_nothing_listens_beyond_this_machine_and_everything_says_whether_it_is_well(service: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", ()))
    assert SERVICES[service]["healthcheck"]["test"]


def test_data_outlives_the_containers() -> None:
    kept = {volume.partition(":")[0] for name in ("neo4j", "postgres") for volume in SERVICES[name]["volumes"]}
    assert kept == set(COMPOSE["volumes"])


def test_the_image_is_built_from_what_is_there() -> None:
    copied = [word for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert [path for path in copied if not (ROOT / path).exists()] == []
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    packages = {package.partition(".")[0] for package in config["options"]["packages"].split()}
    assert packages <= set(copied)
    extras = re.search(r"\.\[([\w,-]+)\]", DOCKERFILE)
    assert extras is not None
    assert set(extras[1].split(",")) <= set(config["options.extras_require"])


def test_every_secret_is_in_the_documentation() -> None:
    said = (ROOT / "docs" / "neo4j.md").read_text(encoding="utf-8")
    named = set(SECRET.findall((ROOT / "compose.yaml").read_text(encoding="utf-8")))
    assert {name for name in named if f"{name}=" not in said} == set()

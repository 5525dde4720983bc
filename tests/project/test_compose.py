"""compose.yaml is kept honest: its settings are settings, its secrets files that are made alike, its images
pinned, its containers locked.
"""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import yaml

from graph.stores.neo4j.address import address_of
from scripts.make_secrets import main as make_secrets
from scripts.tools.neo4j_jars import SERVER_VERSION
from service.http.callers.auth import CallerKeyRing
from service.http.front.ending import longest
from service.processes.serving import LEAVES_S
from service.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
DOCS = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
MOUNTED = "/run/secrets/"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    assert make_secrets([str(tmp_path / "secrets")]) == 0
    return tmp_path / "secrets"


def told(service: str, secrets: Path) -> dict[str, str]:
    """A service's environment, variables at their defaults, secrets where they were made."""
    environment = SERVICES[service]["environment"]
    filled = {
        name: VARIABLE.sub(lambda found: found[2] or "", str(value)) for name, value in environment.items()
    }
    return {name: value.replace(MOUNTED, f"{secrets}/") for name, value in filled.items()}


def test_the_service_is_given_settings_that_there_are_and_urls_that_can_be_read(secrets: Path) -> None:
    settings = Settings.from_environment(told("ringfence", secrets))
    address = address_of(settings.store)
    assert (address.uri, address.user, address.database) == ("neo4j://neo4j:7687", "neo4j", "neo4j")
    book = sqlalchemy.make_url(settings.casebook)
    assert (book.drivername, book.host, book.username, book.database) == (
        "postgresql+psycopg",
        "postgres",
        "ringfence",
        "ringfence",
    )
    assert SERVICES["ringfence"]["volumes"] == [f"./var/model:{settings.model}:ro"]
    callers = {
        caller.name: caller.scopes
        for caller in CallerKeyRing(settings.api_keys, settings.api_keys_file).keys().callers
    }
    assert callers == {"engine": {"risk", "facts"}, "desk": {"desk", "rings"}, "prometheus": {"metrics"}}


def test_the_service_is_not_killed_before_it_has_answered_what_it_has_begun(secrets: Path) -> None:
    drain_s = Settings.from_environment(told("ringfence", secrets)).drain_seconds
    given = float(SERVICES["ringfence"]["stop_grace_period"].removesuffix("s"))
    assert given > longest(drain_s) + LEAVES_S


def test_both_ends_of_a_password_are_the_same_secret(secrets: Path) -> None:
    settings = Settings.from_environment(told("ringfence", secrets))
    assert (secrets / "neo4j_auth").read_text().strip() == f"neo4j/{address_of(settings.store).password}"
    assert (secrets / "postgres_password").read_text().strip() == sqlalchemy.make_url(
        settings.casebook
    ).password
    assert told("postgres", secrets)["POSTGRES_PASSWORD_FILE"] == str(secrets / "postgres_password")
    assert (
        SERVICES["postgres"]["environment"]["POSTGRES_USER"]
        == sqlalchemy.make_url(settings.casebook).username
    )


def test_secrets_are_made_once_and_are_their_owners_alone(secrets: Path) -> None:
    created = {path.name: path.read_text() for path in secrets.iterdir()}
    assert set(created) == set(COMPOSE["secrets"])
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}
    assert make_secrets([str(secrets)]) == 0
    assert {path.name: path.read_text() for path in secrets.iterdir()} == created
    (secrets / "store").unlink()
    assert make_secrets([str(secrets)]) == 2


def test_every_secret_is_a_file_and_nothing_secret_is_in_the_environment() -> None:
    assert all(secret == {"file": f"./secrets/{name}"} for name, secret in COMPOSE["secrets"].items())
    for service in SERVICES.values():
        environment = service.get("environment", {})
        assert [
            name
            for name in environment
            if re.search("PASS|AUTH|KEY|STORE|CASEBOOK|SECRET", name) and not name.endswith("_FILE")
        ] == []
        used = set(
            re.findall(
                rf"{MOUNTED}(\w+)", f"{environment} {service.get('entrypoint')} {service['healthcheck']}"
            )
        )
        assert used == set(service.get("secrets", ()))


def test_images_are_pinned_and_neo4j_is_the_version_that_the_tests_run_on() -> None:
    assert SERVICES["neo4j"]["image"] == f"neo4j:{SERVER_VERSION}-community"
    images = [service["image"] for service in SERVICES.values() if "image" in service] + re.findall(
        r"^FROM (\S+)", DOCKERFILE, re.MULTILINE
    )
    assert len(images) == 4
    assert [image for image in images if not re.fullmatch(r"\w+:\d+\.\d+(\.\d+)?-\w+(-\w+)?", image)] == []


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_container_keeps_no_needless_privilege_and_says_whether_it_is_well(
    service: str,
) -> None:
    reported = SERVICES[service]
    assert reported["cap_drop"] == ["ALL"]
    assert reported["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in reported
    assert reported["healthcheck"]["test"]
    needed = {
        "proxy": {"NET_BIND_SERVICE"},
        "ringfence": set(),
        "postgres": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"},
    }
    needed["neo4j"] = needed["postgres"] | {"KILL"}
    assert set(reported.get("cap_add", ())) == needed[service]
    if service != "neo4j":  # which writes its configuration into its own image's folders at its start
        assert reported["read_only"] is True
        assert any(place.startswith("/tmp") for place in reported["tmpfs"])


def test_the_service_runs_as_its_secrets_owner_and_opens_no_port_beyond_this_machine() -> None:
    assert SERVICES["ringfence"]["user"] == "${RINGFENCE_UID:-1000}:${RINGFENCE_GID:-1000}"
    assert "--uid 1000" in DOCKERFILE
    assert "USER ringfence" in DOCKERFILE
    ports = {
        name: [VARIABLE.sub(lambda found: found[2], port) for port in service.get("ports", ())]
        for name, service in SERVICES.items()
    }
    assert all(port.startswith("127.0.0.1:") for listed in ports.values() for port in listed)
    assert ports["ringfence"] == ports["postgres"] == []


def test_only_the_proxy_reaches_the_service_and_only_the_service_the_databases() -> None:
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert networks == {
        "proxy": {"front"},
        "ringfence": {"front", "back"},
        "neo4j": {"back"},
        "postgres": {"back"},
    }


def test_the_proxy_speaks_tls_for_the_service_with_bounds_of_its_own() -> None:
    assert "reverse_proxy ringfence:8000" in CADDYFILE
    for word in (
        "read_header",
        "read_body",
        "max_size",
        "Strict-Transport-Security",
        "admin off",
        "respond /metrics 404",
    ):
        assert word in CADDYFILE
    assert "http://" not in CADDYFILE


def test_a_caddy_on_this_machine_takes_the_proxys_configuration() -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("no caddy on this machine")
    checked = subprocess.run(
        [caddy, "validate", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / "Caddyfile")],
        check=False,
        capture_output=True,
    )
    assert checked.returncode == 0, checked.stderr


def test_data_outlives_the_containers() -> None:
    kept = {
        volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())
    }
    assert {volume for volume in kept if not volume.startswith(".")} == set(COMPOSE["volumes"])


def test_the_image_is_built_from_what_is_there() -> None:
    copied = [
        word for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    ]
    assert [path for path in copied if not (ROOT / path).exists()] == []
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    packages = {package.partition(".")[0] for package in config["options"]["packages"].split()}
    assert packages <= set(copied)
    extras = re.search(r"\.\[([\w,-]+)\]", DOCKERFILE)
    assert extras is not None
    assert set(extras[1].split(",")) <= set(config["options.extras_require"])
    let_in = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert let_in == set(copied)


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.local",
        "secrets/store",
        "ringfence.db",
        "ringfence.db-wal",
        "ringfence.db.key",
        "var/model/card.json",
    ],
)
def test_neither_git_nor_the_builder_takes_a_secret_or_a_store(path: str) -> None:
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and line[0] not in "#!"
    ]
    assert rules[0] == "*"
    if shutil.which("git") and (ROOT / ".git").exists():
        assert subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode == 0
    inside = f"graph/{Path(path).name}"  # of the folders that are let in
    assert path.startswith(("secrets", "var")) or any(
        fnmatch(inside, rule.replace("**/", "*/")) for rule in rules[1:]
    )


def test_what_can_be_set_is_in_the_documentation() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    named = {result[1] for result in VARIABLE.finditer(text)} | set(COMPOSE["secrets"])
    assert {name for name in named if f"`{name}`" not in DOCS} == set()

"""All settings, each with a default and a sentence, read from the environment in one place."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from graph import private
from graph.model.errors import SettingError
from graph.model.moments import COUNTRY
from ingestion.sources.limits import DeliveryLimits
from service.purposes import USUAL, Purposes, purposes_of
from service.setting_bounds import BOUNDS

_LOAD = DeliveryLimits()
PREFIX = "RINGFENCE_"
NO_FRAME = "none"
ON, OFF = "on", "off"
_SWITCHES = ("watch", "shadow", "review_follows", "purpose_required")
OIDC_UNKNOWN = ("refuse", "make")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def _setting(default: Any, sentence: str, *, secret: bool = False) -> Any:
    """A field of Settings; a `secret` one may also be given as the path of a file, in NAME_FILE."""
    return dataclasses.field(
        default=default, metadata={"sentence": sentence, "secret": secret}, repr=not secret
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What can be set. The environment variable of a field is RINGFENCE_ and its name in capitals."""

    store: str = _setting(
        "sqlite:///ringfence.db", "URL of the graph store, which may hold a password.", secret=True
    )
    casebook: str = _setting(
        "sqlite:///casebook.db",
        "URL of the casebook (assessments, cases, verdicts): any SQLAlchemy URL.",
        secret=True,
    )
    casebook_sync: str = _setting(
        "normal",
        "A SQLite casebook's rows outlive any process (`normal`) or a power cut too, for one wait on "
        "the disk a row (`full`).",
    )
    model: str = _setting(
        "",
        "Folder of the model bundle; `ringfence serve` does not start without one, an application of "
        "one's own answers degraded to `no_model`.",
    )
    model_digest: str = _setting(
        "", "Digest of the one model that may be served (`sha256sum card.json` in its folder); empty: any."
    )
    registry: str = _setting(
        "",
        "Registry of models, a folder or a bucket (`s3://...`): its champion serves, taken over without a "
        "restart; `RINGFENCE_MODEL` serves while there is none.",
    )
    registry_seconds: float = _setting(
        2.0, "How often a worker looks for another champion in the registry and another policy, in seconds."
    )
    shadow: str = _setting(
        ON,
        "Whether the registry's models in state `shadow` answer beside the champion, in a process of their "
        "own: `on` or `off`.",
    )
    gate_margin: float = _setting(
        0.05,
        "By how much of the frauds found at review capacity a model may fall behind the champion, at the "
        "lower end of its interval, and still be promoted.",
    )
    gate_group_margin: float = _setting(
        0.05, "The same of a group's frauds (product, platform type, thin file), where it is shown to fall."
    )
    gate_ece: float = _setting(
        0.01, "How much more calibration error than the champion's a model may have and still be promoted."
    )
    gate_fairness: float = _setting(
        2.0,
        "How many times as many honest people of a group (dormitories, new citizens, ages, ...) a promoted "
        "model, or a policy file put in force, may hold up as of others with the same own history, where "
        "chance does not explain it and what serves does no worse.",
    )
    gate_shares: float = _setting(
        0.1,
        "By how much the share of people whom a policy file put in force approves, sends to review or "
        "declines may differ from the share of whom that was decided: more is a change of business, to be "
        "forced.",
    )
    gate_latency_ms: float = _setting(
        10.0,
        "Milliseconds of the processor that a promoted model's score may take, or half as much again as the "
        "champion's.",
    )
    hash_key: str = _setting(
        "",
        "Key of the identifiers' pseudonyms; empty: the embedded store makes one in a file beside it.",
        secret=True,
    )
    hash_key_version: str = _setting(
        "k1", "Name of the hash key, part of every pseudonym, so that keys can be rotated."
    )
    hash_algorithm: str = _setting("sha256", "Keyed hash of the pseudonyms: `sha256` or `sm3`.")
    api_keys: str = _setting(
        "",
        "Callers, by commas: `name:key` or `name:key:scope+scope` (risk types facts rings desk metrics), "
        "then `@lender+lender` or `@*`; none: `ringfence serve` makes the operator a key in a file beside "
        "the store.",
        secret=True,
    )
    api_keys_file: str = _setting(
        "",
        "File with more callers in the same form, read again when it changes: keys are rotated without "
        "a restart.",
    )
    purposes: str = _setting(
        USUAL,
        "For what people may be looked at, by commas; empty: any words. Whoever looks gives one, alone or "
        "with words of their own after a colon (`review: case C-7`).",
    )
    purpose_required: str = _setting(
        OFF,
        "Whether nobody is shown a person, a ring or a case without one of these purposes, and nobody "
        "assessed (docs/data_protection.md): `on` or `off`.",
    )
    key_purposes: str = _setting(
        "",
        "What keys are for where a request does not say so, by commas: "
        "`engine=assessment,alerts=monitoring`.",
    )
    host: str = _setting(
        "127.0.0.1",
        "Address that the service listens on: plain HTTP, so put a proxy with TLS before any that "
        "others can reach.",
    )
    port: int = _setting(8000, "Port that the service listens on.")
    workers: int = _setting(2, "Worker processes of the service.")
    drain_seconds: float = _setting(
        0.0,
        "How long the service goes on answering once it is told to end, in seconds, while `/readyz` says "
        "that it ends: as long as a balancer takes to see that.",
    )
    timezone: str = _setting(
        COUNTRY,
        "Where the borrowers live: its clocks tell night and weekend, times without an offset, weeks, "
        "and the times of answers and reports.",
    )
    timeout_ms: int = _setting(
        1000, "Deadline of an assessment in milliseconds where the caller gives none in X-Timeout-Ms."
    )
    review_probability: float = _setting(
        0.0,
        "Probability of fraud from which a person should look; 0: the model's own, from its review capacity.",
    )
    review_follows: str = _setting(
        ON,
        "Whether the review threshold follows the latest scores, so that no more go to a person than its "
        "capacity; `off`: it stays the model's.",
    )
    decline_probability: float = _setting(
        0.0, "Probability of fraud from which declining is proposed; 0: the model's own."
    )
    approve_ceiling: float = _setting(
        0.2,
        "Probability of fraud from which nothing is approved, however few people can review; 1: no such "
        "ceiling.",
    )
    risk_cases: str = _setting(
        "review,decline_with_ring",
        "Answers of `/risk` that open a case about the applicant, by commas: `review`, "
        "`decline_with_ring`; empty: none.",
    )
    alert_cases: str = _setting(
        "high",
        "Grades of alerts that open a case about the borrower, by commas: `high`, `low`; empty: none.",
    )
    investigators: str = _setting(
        "",
        "Names of callers among whom cases that nobody has are shared out, the least loaded first, by "
        "commas; empty: they wait in the queue.",
    )
    second_eyes_above: float = _setting(
        0.0,
        "Exposure of a case, in CNY, above which a verdict counts once a second person has come to the "
        "same; 0: one person is enough.",
    )
    rate_limit: float = _setting(
        0.0, "Requests a second that one API key may make, over all workers and machines; 0: no limit."
    )
    rate_burst: int = _setting(50, "Requests that one API key may make at once before the rate limit counts.")
    idempotency_hours: int = _setting(24, "How long an Idempotency-Key is remembered, in hours.")
    max_body_bytes: int = _setting(65_536, "Largest body of a request, in bytes; more is answered 413.")
    max_batch_bytes: int = _setting(
        4_194_304, "Largest body of a batch (`/risk/batch` and lists of facts), in bytes."
    )
    body_seconds: float = _setting(
        10.0, "How long the body of a request may take to come, in seconds; a slower one is answered 408."
    )
    batches_per_key: int = _setting(
        4, "Batches that one API key may have under way at once, over all workers; more are answered 429."
    )
    delivery_row_bytes: int = _setting(
        _LOAD.row_bytes,
        "Longest line of CSV or JSON and longest cell of parquet in a delivery; a longer one is a reject.",
    )
    delivery_columns: int = _setting(
        _LOAD.columns, "Columns that a table of a delivery may have; more are refused."
    )
    delivery_parts: int = _setting(
        _LOAD.parts, "Files in a folder of a delivery, and parts of a table; more are refused."
    )
    delivery_file_rows: int = _setting(_LOAD.file_rows, "Rows of a file of a delivery; more are refused.")
    delivery_file_bytes: int = _setting(
        _LOAD.file_bytes, "Bytes of a file of a delivery when it is unpacked; more are refused."
    )
    delivery_page_bytes: int = _setting(
        _LOAD.page_bytes,
        "Bytes of unpacked pages that must be held at once to read a parquet file, the largest of each "
        "column; more are refused.",
    )
    delivery_mapping_bytes: int = _setting(
        _LOAD.mapping_bytes, "Bytes of a mapping; a larger one is refused."
    )
    delivery_rejects_bytes: int = _setting(
        _LOAD.rejects_bytes,
        "Bytes of `rejects.jsonl`; bad rows beyond them are counted by their reasons and not written out.",
    )
    frame: str = _setting(
        "",
        "Folder of the frame, the resident copy that is read; empty: beside an embedded store, else in "
        "the user's cache; `none`: the store is read.",
    )
    self_check: float = _setting(
        0.001, "Share of assessments that are computed again from the store, and must be equal; 0: none."
    )
    watch: str = _setting(
        ON,
        "Whether loans in force and flagged rings are watched for alerts: `on`, from the first start "
        "on, or `off`.",
    )
    monitor_hours: float = _setting(
        24.0,
        "How often what serves is monitored (docs/monitoring.md), in hours; 0: never, as where `ringfence "
        "monitor --keep` runs by a timetable.",
    )
    drift_index: float = _setting(
        0.25, "Population stability index from which the score, a signal or a linking share has drifted."
    )
    drift_days: int = _setting(2, "Days in a row in which a name must have drifted before an alarm says so.")
    model_age_days: float = _setting(
        90.0, "Days after which what a model learned from is too old, and an alarm says so."
    )
    recall_fall: float = _setting(
        0.1,
        "By how much recall at review capacity may stay behind the model's own test before an alarm says so.",
    )
    webhooks: str = _setting(
        "",
        "Endpoints of webhooks, a JSON list of objects with `name`, `url`, `secret`, `events`, "
        "`lenders` (docs/alerts.md).",
        secret=True,
    )
    webhook_networks: str = _setting(
        "",
        "Private networks in which webhooks may be received, by commas (`10.1.0.0/16`); every other one "
        "must be public.",
    )
    webhook_seconds: float = _setting(10.0, "How long the receiver of a webhook may take, in seconds.")
    session_idle_minutes: int = _setting(
        60, "How long a session at the desk lasts while nobody uses it, in minutes."
    )
    session_hours: int = _setting(12, "How long a session at the desk lasts at most, in hours.")
    password_characters: int = _setting(12, "Characters that a password at the desk must have.")
    oidc_issuer: str = _setting(
        "",
        "Issuer of a provider of logins by OpenID Connect (`https://login.example`); empty: passwords alone.",
    )
    oidc_client_id: str = _setting("", "By which id the provider knows this service.")
    oidc_client_secret: str = _setting(
        "", "Secret of that client; empty: a public client, which PKCE protects alone.", secret=True
    )
    oidc_name_claim: str = _setting(
        "preferred_username", "Claim with the user's name, at their first login through the provider."
    )
    oidc_role_claim: str = _setting("roles", "Claim with the user's groups: a text or a list of them.")
    oidc_roles: str = _setting(
        "",
        "Roles of groups, by commas: `fraud-team=investigator,fraud-leads=senior`; the highest holds; "
        "empty: `ringfence users` gives them.",
    )
    oidc_unknown: str = _setting(
        "refuse", "What becomes of somebody whom the provider knows and we do not: `refuse` or `make` a user."
    )
    public_url: str = _setting(
        "",
        "Where people reach this service (`https://risk.example`), put before the desk's links in answers.",
    )
    metrics_dir: str = _setting(
        "", "Folder in which the workers share their metrics; empty: `ringfence serve` makes one for its run."
    )

    def __post_init__(self) -> None:
        """Raise SettingError for a number that cannot be meant."""
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingError(f"{PREFIX}{name.upper()}={value} must be from {low:g} to {high:g}")
        for name in _SWITCHES:
            if getattr(self, name) not in (ON, OFF):
                raise SettingError(f"{PREFIX}{name.upper()}={getattr(self, name)!r} must be {ON} or {OFF}")
        if self.oidc_unknown not in OIDC_UNKNOWN:
            raise SettingError(
                f"{PREFIX}OIDC_UNKNOWN={self.oidc_unknown!r} must be {' or '.join(OIDC_UNKNOWN)}"
            )
        _ = self.purposes_in_force  # what is none stops the start
        if self.model_digest and not _SHA256.fullmatch(self.model_digest):
            raise SettingError(
                f"{PREFIX}MODEL_DIGEST is no SHA-256: give the 64 hex digits of `sha256sum card.json`"
            )

    @property
    def delivery(self) -> DeliveryLimits:
        """How much of a delivery is read."""
        return DeliveryLimits(
            **{
                limit.name: getattr(self, f"delivery_{limit.name}")
                for limit in dataclasses.fields(DeliveryLimits)
            }
        )

    @property
    def purposes_in_force(self) -> Purposes:
        """For what people may be looked at."""
        return purposes_of(self.purposes, self.purpose_required == ON, self.key_purposes)

    @property
    def answers_with_cases(self) -> frozenset[str]:
        """The answers of `/risk` that open a case."""
        return frozenset(named(self.risk_cases))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings in force. Raises SettingError for an unreadable value, an unreadable secret file or a
        name that is no setting.
        """
        environ = os.environ if environ is None else environ
        known = {f.name: f for f in dataclasses.fields(cls)}
        types = get_type_hints(cls)
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if not variable.startswith(PREFIX):
                continue
            name = variable.removeprefix(PREFIX).lower()
            if name in known:
                values[name] = _typed(variable, text, types[name])
            elif (
                name.endswith("_file")
                and (secret := known.get(name.removesuffix("_file")))
                and secret.metadata["secret"]
            ):
                values.setdefault(secret.name, _read_secret(variable, text))
            else:
                raise SettingError(f"{variable} is no setting; docs/settings.md lists all of them")
        return cls(**values)

    def to_environment(self) -> dict[str, str]:
        """The environment variables from which another process reads the same settings."""
        return {f"{PREFIX}{name.upper()}": str(value) for name, value in dataclasses.asdict(self).items()}


def _read_secret(variable: str, path: str) -> str:
    private.refuse_loose(Path(path), variable)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{variable}: the file {path} cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})"
        ) from error


def _typed(variable: str, text: str, kind: type) -> Any:
    try:
        return kind(text.strip())
    except ValueError as error:
        raise SettingError(f"{variable}={text!r} is not a number") from error


def named(text: str) -> tuple[str, ...]:
    """The names in a list by commas, each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))

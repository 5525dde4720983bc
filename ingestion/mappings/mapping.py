"""Mappings from foreign tables to the contract's, read from YAML (docs/records.md shows how to write one)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from graph.model.errors import DeliveryError
from ingestion.contract import TABLES, per_lender
from ingestion.excerpts import names, plain, shown
from ingestion.mappings.column_reading import checked_zone
from ingestion.mappings.feed import Mapped
from ingestion.mappings.feed_reading import form_of, read_feed
from ingestion.mappings.mapping_words import known_keys, listed, text
from ingestion.sources.limits import DEFAULT, DeliveryLimits
from ingestion.sources.paths import AnyPath, is_there, opened, path_of

FILE_NAME = "mapping.yaml"
_KEYS = frozenset(("name", "about", "timezone", "ids", "encoding", "delimiter", "tables"))
_DEEPEST = 32
_IDS = ("shared", "per_lender")  # one name space for all ids of a delivery, or one for each lender's


class _Loader(yaml.BaseLoader):
    """Every scalar is a text, as every cell is: `no` and `010` mean themselves. A key that is there twice is
    refused, not half forgotten, and so are anchors and aliases, with which a few lines become millions, and
    what is nested without end.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """What YAML calls a node."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise yaml.composer.ComposerError(
                None, None, "anchors and aliases (`&` and `*` before a word) are not read", event.start_mark
            )
        if self._depth == _DEEPEST:
            raise yaml.composer.ComposerError(
                None, None, f"it is nested more than {_DEEPEST} deep", event.start_mark
            )
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """What YAML calls a mapping."""
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        if twice := sorted(key for key, times in keys.items() if times > 1):
            raise yaml.constructor.ConstructorError(
                None, None, f"{names(twice)} is given twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def shipped() -> tuple[str, ...]:
    """The names of the mappings that come with the product."""
    folder = resources.files("ingestion.mappings")
    return tuple(
        sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    )


def read_mapping(where: str | AnyPath, limits: DeliveryLimits = DEFAULT) -> Mapped:
    """The mapping in a file, or the shipped one of that name. Raises DeliveryError, naming the place, for
    what cannot be used.
    """
    path = path_of(where) if isinstance(where, str) else where
    try:
        if str(where) in shipped() and not is_there(path):
            content = (resources.files("ingestion.mappings") / f"{where}.yaml").read_text(encoding="utf-8")
        else:
            # whom the caller names may be a link
            is_given = isinstance(path, Path) and isinstance(where, str)
            content = _content(Path(str(path)).resolve() if is_given else path, limits)
    except (OSError, UnicodeDecodeError) as error:
        raise DeliveryError(
            f"mapping {where} cannot be read: {plain(str(error))}; shipped with the product: "
            f"{', '.join(shipped())}"
        ) from error
    try:
        mapped = _mapped(yaml.load(content, Loader=_Loader), path.stem)
    except yaml.YAMLError as error:
        raise DeliveryError(
            f"mapping {where} is not YAML: {plain(' '.join(str(error)[:2_000].split()), 300)}"
        ) from error
    for number, feed in enumerate(mapped.feeds, 1):
        read = sum(max(1, len(column.sources)) for column in feed.table.columns)
        limits.check(f"mapping {mapped.name}, table {number}", "columns", read + len(feed.table.attributes))
    return mapped


def _content(path: AnyPath, limits: DeliveryLimits) -> str:
    with opened(path) as file:
        result = file.read(limits.mapping_bytes + 1)
    limits.check(f"mapping {path}", "mapping_bytes", len(result))
    return result.decode()


def _mapped(content: Any, name: str) -> Mapped:
    place = f"mapping {name}"
    known_keys(content, _KEYS, place)
    tables = listed(content.get("tables", []), "tables", place)
    if not tables:
        raise DeliveryError(f"{place}: `tables` must list at least one table")
    ids = text(content.get("ids", _IDS[0]), "ids", place)
    if ids not in _IDS:
        raise DeliveryError(f"{place}: `ids` is {shown(ids)}; there are {', '.join(_IDS)}")
    known = TABLES if ids == "shared" else {name: per_lender(table) for name, table in TABLES.items()}
    form = form_of(content, place)
    feeds = [read_feed(entry, f"{place}, table {n}", known, form) for n, entry in enumerate(tables, 1)]
    order = list(TABLES)
    return Mapped(
        name=text(content.get("name", name), "name", place),
        timezone=checked_zone(text(content.get("timezone", ""), "timezone", place), place),
        feeds=tuple(sorted(feeds, key=lambda feed: order.index(feed.table.name))),
    )

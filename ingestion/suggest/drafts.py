"""A proposed table of a mapping: what feeds it, line by line, each with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion.suggest.foreign import Foreign

_PLAIN = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff.+-]*")
_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:+.Z-]+|\d+(?:\.\d+)?")
Said = str | list["Said"] | dict[str, "Said"]


@dataclass(frozen=True, slots=True)
class Line:
    """What a mapping says under a name, and why."""

    name: str
    says: Said
    why: str = ""


@dataclass(kw_only=True)
class Draft:
    """One table. `rows` are given by the mapping itself where it has no source."""

    table: str
    foreign: Foreign | None = None
    columns: list[Line] = field(default_factory=list)
    constants: list[Line] = field(default_factory=list)
    where: list[Line] = field(default_factory=list)
    identifiers: list[Line] = field(default_factory=list)
    rows: list[Line] = field(default_factory=list)
    about: str = ""

    def yaml(self) -> str:
        """As a mapping writes it."""
        lines = [*(f"  # {self.about}" for _ in range(bool(self.about))), f"  - table: {self.table}"]
        if self.foreign is not None:
            source, form = self.foreign.source, self.foreign.form
            lines.append(f"    source: {inline(source[0] if len(source) == 1 else list(source))}")
            lines += [f"    encoding: {form.encoding}"] if form.encoding != "utf-8" else []
            lines += [f"    delimiter: {inline(_named(form.delimiter))}"] if form.delimiter else []
        for name, entries in (("rows", self.rows), ("where", self.where)):
            lines += [f"    {name}:"] if entries else []
            lines += [f"      - {_commented(inline(line.says), line.why)}" for line in entries]
        for name, entries in (("constants", self.constants), ("columns", self.columns)):
            lines += [f"    {name}:"] if entries else []
            lines += [
                f"      {_commented(f'{line.name}: {inline(line.says)}', line.why)}" for line in entries
            ]
        lines += ["    identifiers:"] if self.identifiers else []
        lines += [f"      - {_commented(inline(line.says), line.why)}" for line in self.identifiers]
        return "\n".join(lines)


def inline(says: Said) -> str:
    """A value of a mapping on one line; a text that YAML might read as something else is quoted."""
    if isinstance(says, Mapping):
        return "{" + ", ".join(f"{inline(name)}: {inline(value)}" for name, value in says.items()) + "}"
    if isinstance(says, list):
        return "[" + ", ".join(map(inline, says)) + "]"
    if _PLAIN.fullmatch(says) or _PLAIN_TIME.fullmatch(says):
        return says
    return json.dumps(says, ensure_ascii=not says.isprintable())


def _named(delimiter: str) -> str:
    return {";": "semicolon", "\t": "tab", "|": "pipe", ",": "comma"}.get(delimiter, delimiter)


def _commented(text: str, why: str) -> str:
    return f"{text}  # {' '.join(why.split())}" if why else text

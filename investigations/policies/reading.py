"""Reading a policy file: YAML, every error with its line and field."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NoReturn
from unicodedata import category

import yaml

from graph.model.errors import SettingError
from graph.model.near_names import perhaps
from investigations.policies.fields import ALWAYS, FORMAT, SECTIONS, SEVERITY, SWITCHES, Number
from investigations.policies.file import PolicyFile, PolicyScope
from investigations.rules import RULES, RuleOverride

MOST_BYTES = 65_536
_HEAD = ("format", "name", "lender", "product")
_LONGEST = 128  # characters of a name
_MOST_FAULTS = 100  # of one file that are named
_UNPRINTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # no database takes all of them
_NOTHING = "tag:yaml.org,2002:null"
# What PyYAML raises for a value that is not of the type of its tag, as in `!!bool maybe`.
_MISREAD = (ValueError, LookupError, AttributeError, OverflowError)


def read_policy(content: bytes, where: str) -> PolicyFile:
    """The policy of a file's content; `where` names the file in errors.

    Raises SettingError, naming the line and the field of everything that cannot be meant, a line each.
    """
    if len(content) > MOST_BYTES:
        raise SettingError(f"{where}: it is too long: a policy has {MOST_BYTES:,} bytes at most")
    try:
        text = content.decode()
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingError(f"{where}{line}: not YAML: {getattr(error, 'problem', error)}") from error
    except (ValueError, OverflowError, RecursionError) as error:  # of bytes, escapes, versions; of depth
        raise SettingError(f"{where}: it is not YAML in UTF-8 ({type(error).__name__})") from error
    return _Reader(where).policy(node, text)


class _Fault(Exception):
    """Something that was written down as a fault, and has no value."""


class _Reader:
    """Goes through the nodes of one file; what cannot be meant is written down, and the rest read on."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._faults: list[tuple[int, str]] = []

    def policy(self, node: yaml.Node | None, text: str) -> PolicyFile:
        if node is None:
            raise SettingError(f"{self._where}: it is empty")
        read: PolicyFile | None = None
        with suppress(_Fault):
            read = self._policy(node, text)
        if self._faults or read is None:
            raise SettingError("\n".join(said for _, said in sorted(self._faults, key=lambda one: one[0])))
        return read

    def _policy(self, node: yaml.Node, text: str) -> PolicyFile:
        parts = dict(self._items(node, "", (*_HEAD, *SECTIONS, "rules")))
        for name in ("format", "name"):
            if name not in parts:
                self._note(node, name, "is missing")
        with suppress(_Fault):
            given = self._value(parts["format"], "format") if "format" in parts else FORMAT
            if isinstance(given, bool) or given != FORMAT:  # `true` is 1 to Python
                self._refuse(parts["format"], "format", f"must be {FORMAT}")
        names: dict[str, str] = {}
        for name in _HEAD[1:]:
            with suppress(_Fault):
                names |= {name: self._text(parts[name], name)} if name in parts else {}
        sections = {
            name: dict(self._section(parts[name], name, fields))
            for name, fields in SECTIONS.items()
            if name in parts
        }
        if sections.get("thresholds", {}).get("review", 0) > sections.get("thresholds", {}).get("decline", 1):
            self._note(parts["thresholds"], "thresholds", "review is above decline: review comes first")
        return PolicyFile(
            name=names.get("name", ""),
            scope=PolicyScope(lender=names.get("lender"), product=names.get("product")),
            digest=hashlib.sha256(text.encode()).hexdigest(),
            content=text,
            rules=dict(self._rules(parts["rules"])) if "rules" in parts else {},
            **sections,
        )

    def _section(
        self, node: yaml.Node, name: str, fields: Mapping[str, Number]
    ) -> Iterator[tuple[str, float]]:
        for key, value in self._items(node, name, tuple(fields)):
            with suppress(_Fault):
                yield key, self._number(value, f"{name}.{key}", fields[key])

    def _rules(self, node: yaml.Node) -> Iterator[tuple[str, RuleOverride]]:
        for code, said in self._items(node, "rules", tuple(RULES)):
            place = f"rules.{code}"
            values = dict(self._rule(said, place))
            if code in ALWAYS and (values.get("ignore") or values.get("review") is False):
                self._note(said, place, "always asks for a person, whatever a policy says")
            yield code, RuleOverride(**values)

    def _rule(self, node: yaml.Node, place: str) -> Iterator[tuple[str, Any]]:
        for key, value in self._items(node, place, ("severity", *SWITCHES)):
            path = f"{place}.{key}"
            with suppress(_Fault):
                if key == "severity":
                    yield key, self._number(value, path, SEVERITY)
                else:
                    yield key, self._switch(value, path)

    def _items(self, node: yaml.Node, path: str, known: tuple[str, ...]) -> Iterator[tuple[str, yaml.Node]]:
        """The entries of a mapping that are known, in their order."""
        if not isinstance(node, yaml.MappingNode):
            self._note(node, path or "the file", "must be a mapping of fields to values")
            return
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)[:_LONGEST] if isinstance(key, yaml.ScalarNode) else "a list or mapping"
            full = f"{path}.{name}" if path else name
            if name not in known:
                self._note(key, full, f"is no field{perhaps(name, known)}; there are {', '.join(known)}")
            elif name in seen:
                self._note(key, full, "is given twice")
            else:
                seen.add(name)
                yield name, value

    def _number(self, node: yaml.Node, path: str, field: Number) -> float:
        value = self._value(node, path)
        if isinstance(value, bool) or not isinstance(value, int if field.whole else int | float):
            self._refuse(node, path, f"must be a {'whole number' if field.whole else 'number'}")
        if not field.low <= value <= field.high:
            self._refuse(node, path, f"must be from {field.low:g} to {field.high:g}")
        return value

    def _switch(self, node: yaml.Node, path: str) -> bool:
        value = self._value(node, path)
        if not isinstance(value, bool):
            self._refuse(node, path, "must be true or false")
        return value

    def _text(self, node: yaml.Node, path: str) -> str:
        text = node.value.strip() if isinstance(node, yaml.ScalarNode) else ""
        if not 0 < len(text) <= _LONGEST:
            self._refuse(node, path, f"must be a text of 1 to {_LONGEST} characters")
        if any(category(one) in _UNPRINTED for one in text):
            self._refuse(node, path, "must be a text of one line without control characters")
        if node.tag == _NOTHING:
            self._refuse(node, path, "is nothing in YAML: leave it out, or put a name in quotes")
        return str(text)

    def _value(self, node: yaml.Node, path: str) -> Any:
        """A scalar as YAML means it: 010 and .5 are numbers, "1" is a text."""
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, path, "must be a single value")
        construct: Callable[..., Any] = yaml.SafeLoader("").construct_object
        try:
            return construct(node)
        except (yaml.YAMLError, *_MISREAD) as error:
            self._refuse(node, path, f"cannot be read ({type(error).__name__})")

    def _refuse(self, node: yaml.Node, path: str, why: str) -> NoReturn:
        self._note(node, path, why)
        raise _Fault

    def _note(self, node: yaml.Node, path: str, why: str) -> None:
        if len(self._faults) < _MOST_FAULTS:
            line = node.start_mark.line + 1
            self._faults.append((line, f"{self._where}, line {line}: {path}: {why}"))

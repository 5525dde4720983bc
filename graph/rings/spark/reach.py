"""Whether this process and the executors of a cluster reach the same stages, with the same Ringfence."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from functools import partial
from typing import Any

import fsspec
import pandas as pd

from graph.model.errors import SettingError
from graph.product import product_version
from graph.rings.spark.buckets import rows_at
from graph.rings.spark.failures import said_by
from graph.rings.spark.marks import drop, put_whole

_ANSWER = {"read": "O", "version": "O"}


def refuse_apart(session: Any, folder: str) -> None:
    """Lets an executor read what this process writes to `folder`, an address of fsspec, Spark write its
    answer there, and this process read that.

    Raises SettingError where they reach different folders, or an executor has no Ringfence or another
    version.
    """
    place, asked = f"{folder}/probe-{secrets.token_hex(4)}", secrets.token_hex(8)
    try:
        put_whole(f"{place}/asked", asked.encode())
        replies = session.range(0, 1, 1, 1).mapInPandas(
            partial(_answer, place=place), "read string, version string"
        )
        replies.write.parquet(f"{place}/answer")
        answer = rows_at(f"{place}/answer", _ANSWER)
    except Exception as error:
        said = f"the executors cannot work at --stages {folder}: {said_by(error)}{_perhaps_http(folder)}"
        raise SettingError(said) from error
    finally:
        drop(place)
    if answer["read"].tolist() != [asked]:
        raise SettingError(
            f"--stages {folder}: this process and the executors reach different folders by this address: "
            "name a shared folder or a bucket"
        )
    if answer["version"].tolist() != [product_version()]:
        raise SettingError(
            f"an executor has Ringfence {answer['version'][0]}, this process {product_version()}: install "
            "the same (PYSPARK_PYTHON says which Python executors use)"
        )


def _perhaps_http(folder: str) -> str:
    """What helps where Sail is asked to speak to a storage without TLS, which it refuses without saying
    so.
    """
    endpoints = (os.environ.get(name, "") for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
    if not folder.startswith("s3://") or not any(one.lower().startswith("http:") for one in endpoints):
        return ""
    return "; over plain http Sail needs AWS_ALLOW_HTTP=true in its server's environment"


def _answer(batches: Iterator[pd.DataFrame], place: str) -> Iterator[pd.DataFrame]:
    files, path = fsspec.core.url_to_fs(f"{place}/asked")
    for _ in batches:
        try:
            read = files.cat_file(path).decode()
        except OSError:
            read = ""
        yield pd.DataFrame({"read": [read], "version": [product_version()]})

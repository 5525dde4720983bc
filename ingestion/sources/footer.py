"""Checks a parquet footer before Arrow parses it: a few bytes there may expand to gigabytes."""

from __future__ import annotations

from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.sources.limits import DeliveryLimits
from ingestion.sources.thrift import Compact

_MAGIC = b"PAR1"
_LARGEST = 64 << 20  # bytes
_ENTRIES = 400_000  # of all its lists: a chunk of a column has about eight, and takes a kilobyte
_GROUPED = 4  # entries of a schema to each column: lists and groups have some of their own
# the key, after its length, of Arrow's own schema, whose parts may be used over and over: it is not read
_ARROWS = b"\x0cARROW:schema"
_NOBODYS = b"\x0cARROW.schema"


def contents_of(file: IO[bytes], name: str, limits: DeliveryLimits) -> pq.FileMetaData:
    """Raises DeliveryError for more columns than there may be, ArrowInvalid for what is no table of contents
    or has more entries than any has.
    """
    content = _footer(file)
    counting = Compact(content, "its table of contents", _ENTRIES)
    try:
        counting.struct()
    except IndexError as error:
        raise pa.ArrowInvalid("its table of contents ends too early") from error
    finally:
        if counting.outer:  # the first of its lists is the schema
            limits.check(name, "columns", counting.outer[0] // _GROUPED)
    alone = _MAGIC + content.replace(_ARROWS, _NOBODYS) + len(content).to_bytes(4, "little") + _MAGIC
    contents = pq.ParquetFile(pa.BufferReader(alone), thrift_container_size_limit=_ENTRIES).metadata
    columns = len(contents.schema)
    if any(contents.row_group(n).num_columns != columns for n in range(contents.num_row_groups)):
        raise pa.ArrowInvalid("a row group lacks columns of the file")
    return contents


def _footer(file: IO[bytes]) -> bytes:
    size = file.seek(0, 2)
    file.seek(max(size - 8, 0))
    stated = file.read(8)
    length = int.from_bytes(stated[:4], "little")
    if stated[4:] != _MAGIC or length > size - 8:
        raise pa.ArrowInvalid("it is no parquet file")
    if length > _LARGEST:
        raise pa.ArrowInvalid(f"its table of contents has more than {_LARGEST:,} bytes")
    file.seek(size - 8 - length)
    content = file.read(length)
    file.seek(0)
    return content

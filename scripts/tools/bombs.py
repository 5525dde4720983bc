"""Small files that come to a great deal: each is made in a moment, and none of them may be held whole."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from scripts.tools import bombs_mapped as mapped
from scripts.tools import bombs_parquet as packed

_MEGABYTE = b"x" * (1 << 20)
_HEADER = b"event_id,kind,at,applicant_id\n"
_LOGIN = {"kind": "login", "at": "2025-06-02T08:00:00+08:00"}


def _gzipped(path: Path, head: bytes, megabytes: int, end: bytes) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(head)
        for _ in range(megabytes):
            file.write(_MEGABYTE)
        file.write(end)


def a_csv_of_one_line(folder: Path) -> None:
    """300 MB of one line, and a good line after it."""
    _gzipped(folder / "events.csv.gz", _HEADER, 300, b"\nE1,login,2025-06-02T08:00:00+08:00,U1\n")


def a_csv_of_one_header(folder: Path) -> None:
    """300 MB of header."""
    _gzipped(folder / "events.csv.gz", b"", 300, b"\n")


def json_of_one_line(folder: Path) -> None:
    """300 MB of one text, and a good line after it."""
    (folder / "events").mkdir()
    good = json.dumps({"event_id": "E1", "applicant_id": "U1", **_LOGIN}).encode()
    _gzipped(folder / "events" / "part-0.jsonl.gz", b'{"event_id": "', 300, b'"}\n' + good + b"\n")


def json_of_many_keys(folder: Path) -> None:
    """Every line has keys of its own, 200,000 in all."""
    lines = (json.dumps({f"k{n}_{k}": 1 for k in range(200)}) for n in range(1_000))
    (folder / "events.jsonl").write_text("\n".join(lines))


def long_rows(folder: Path) -> None:
    """600 rows of half a megabyte each, in a column that nobody reads."""
    with gzip.open(folder / "events.csv.gz", "wb", compresslevel=1) as file:
        file.write(b"odd," + _HEADER)
        for n in range(600):
            file.write(b"x" * (1 << 19) + b",E%d,login,2025-06-02T08:00:00+08:00,U1\n" % n)


def a_zip(folder: Path) -> None:
    """A mapping's csv in a zip, 300 MB of one line."""
    with (
        zipfile.ZipFile(folder / "events.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("events.csv", "w") as file,
    ):
        file.write(_HEADER)
        for _ in range(300):
            file.write(_MEGABYTE)
        file.write(b"\nE1,login,2025-06-02T08:00:00+08:00,U1\n")
    (folder / "mapping.yaml").write_text(
        "tables: [{table: platforms, source: platforms.csv}, {table: events, source: events.zip}]"
    )


def aliases(folder: Path) -> None:
    """Nine lines of YAML, each nine times the one before."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (folder / "mapping.yaml").write_text("\n".join(lines))


def yaml_without_end(folder: Path) -> None:
    """Lists within lists."""
    (folder / "mapping.yaml").write_text("tables: " + "[" * 20_000)


def a_large_mapping(folder: Path) -> None:
    """40 MB of words."""
    (folder / "mapping.yaml").write_text("tables: [" + "x, " * 13_000_000 + "]")


def a_csv_of_ten_gigabytes(folder: Path) -> None:
    """One line of 10 GB, and a good line after it."""
    piece = gzip.compress(_MEGABYTE * 64, compresslevel=1)
    with (folder / "events.csv.gz").open("wb") as file:
        file.write(gzip.compress(_HEADER))
        for _ in range(160):
            file.write(piece)
        file.write(gzip.compress(b"\nE1,login,2025-06-02T08:00:00+08:00,U1\n"))


def a_cell_that_never_ends(folder: Path) -> None:
    """A quote that nobody closes before 10,000 lines of half a kilobyte, and one before 40 lines of half a
    megabyte.
    """
    with gzip.open(folder / "events.csv.gz", "wb", compresslevel=1) as file:
        file.write(
            _HEADER
            + b'"E1,login\n'
            + (b"x" * 512 + b"\n") * 10_000
            + b'"\n"E2,login\n'
            + (b"x" * (1 << 19) + b"\n") * 40
        )


def lines_of_commas(folder: Path) -> None:
    """40 lines of a million empty cells."""
    with gzip.open(folder / "events.csv.gz", "wb", compresslevel=1) as file:
        file.write(_HEADER + (b"," * 1_000_000 + b"\n") * 40)


def a_header_of_commas(folder: Path) -> None:
    """Ten million columns without a name."""
    with gzip.open(folder / "events.csv.gz", "wb", compresslevel=1) as file:
        file.write(b"," * 10_000_000 + b"\n")


def columns_of_empty_cells(folder: Path) -> None:
    """6,000 rows of 1,990 cells of one letter, which nobody reads."""
    with gzip.open(folder / "events.csv.gz", "wb", compresslevel=1) as file:
        file.write(_HEADER.strip() + b"," + b",".join(b"c%d" % n for n in range(1_990)) + b"\n")
        for n in range(6_000):
            file.write(b"E%d,login,2025-06-02T08:00:00+08:00,U1" % n + b",1" * 1_990 + b"\n")


def json_of_empty_lists(folder: Path) -> None:
    """20 lines of 300,000 empty lists each."""
    lists = ",".join(["[]"] * 300_000)
    with gzip.open(folder / "events.jsonl.gz", "wb", compresslevel=1) as file:
        for n in range(20):
            file.write(
                json.dumps({"event_id": f"E{n}", "applicant_id": "U1", **_LOGIN}).encode()[:-1]
                + b', "odd": ['
                + lists.encode()
                + b"]}\n"
            )
    _as_part(folder / "events.jsonl.gz")


def json_of_a_million_keys(folder: Path) -> None:
    """Four lines with 80,000 keys each, within one cell."""
    keys = ",".join(f'"k{n}":{n % 10}' for n in range(80_000))
    lines = (
        json.dumps({"event_id": f"E{n}", "applicant_id": "U1", **_LOGIN})[:-1] + f', "odd": {{{keys}}}}}\n'
        for n in range(4)
    )
    (folder / "events.jsonl").write_text("".join(lines))


def json_keys_given_twice(folder: Path) -> None:
    """Three lines, each with 50,000 objects that say a key twice."""
    twice = ",".join(['{"a":1,"a":2}'] * 50_000)
    lines = (
        json.dumps({"event_id": f"E{n}", "applicant_id": "U1", **_LOGIN})[:-1] + f', "odd": [{twice}]}}\n'
        for n in range(3)
    )
    (folder / "events.jsonl").write_text("".join(lines))


def json_nested_without_end(folder: Path) -> None:
    """Half a million lists within one another."""
    (folder / "events.jsonl").write_text('{"event_id": ' + "[" * 500_000 + "]" * 500_000 + "}\n")


def _as_part(path: Path) -> None:
    """A gzipped file of JSON lines is read as a part of a folder."""
    place = path.parent / "events"
    place.mkdir()
    path.rename(place / "part-0.jsonl.gz")


def parts_of_many_columns(folder: Path) -> None:
    """100 parts with 1,900 columns of their own each."""
    place = folder / "events"
    place.mkdir()
    for n in range(100):
        names = ",".join(f"p{n}_{k}" for k in range(1_900))
        (place / f"part-{n}.csv.gz").write_bytes(
            gzip.compress(f"event_id,kind,at,applicant_id,{names}\n".encode(), compresslevel=1)
        )


def a_folder_of_many_files(folder: Path) -> None:
    """100,000 parts."""
    place = folder / "events"
    place.mkdir()
    for n in range(100_000):
        (place / f"part-{n}.csv").write_bytes(_HEADER)


def a_mapping_of_small_words(folder: Path) -> None:
    """A mapping of a quarter of a million words, none of them twice."""
    (folder / "mapping.yaml").write_text("tables: [" + "a," * 261_000 + "a]")


def a_mapping_of_empty_lists(folder: Path) -> None:
    """The same of lists."""
    (folder / "mapping.yaml").write_text("tables: [" + "[]," * 174_000 + "[]]")


def _mapped(folder: Path, more: str, rows: int) -> None:
    (folder / "events.csv").write_bytes(
        _HEADER + b"".join(b"E%d,login,2025-06-02T08:00:00+08:00,U1\n" % n for n in range(rows))
    )
    (folder / "mapping.yaml").write_text(
        f"tables: [{{table: platforms, source: platforms.csv}}, {{table: events, source: events.csv, "
        f"{more}}}]"
    )


def one_column_as_many_attributes(folder: Path) -> None:
    """A mapping that keeps one column 3,000 times."""
    kept = ", ".join(f"a{n}: kind" for n in range(3_000))
    _mapped(folder, f"attributes: {{{kept}}}", 10_000)


def one_column_as_1900_attributes(folder: Path) -> None:
    """As often as a table has columns."""
    kept = ", ".join(f"a{n}: kind" for n in range(1_900))
    _mapped(folder, f"attributes: {{{kept}}}", 1_000)


def an_attribute_with_an_endless_name(folder: Path) -> None:
    """A name of 400,000 letters for an attribute."""
    _mapped(folder, f"attributes: [{'x' * 400_000}]", 10_000)


def an_endless_prefix(folder: Path) -> None:
    """A prefix of 400,000 letters for an id."""
    columns = (
        f"{{event_id: {{column: event_id, prefix: {'x' * 400_000}}}, kind: kind, at: at, applicant_id: "
        f"applicant_id}}"
    )
    _mapped(folder, f"columns: {columns}", 10_000)


def many_long_identifiers(folder: Path) -> None:
    """60 columns of identifiers of 500 letters, each of another scheme and each value once."""
    extra = ", ".join(f"{{column: c{n}, kind: device, hashed: opaque-{n}}}" for n in range(60))
    with gzip.open(folder / "events.csv.gz", "wb", compresslevel=1) as file:
        file.write(_HEADER.strip() + b"," + b",".join(b"c%d" % n for n in range(60)) + b"\n")
        for n in range(8_000):
            file.write(
                b"E%d,login,2025-06-02T08:00:00+08:00,U1" % n + (b"," + b"x" * 490 + b"%08d" % n) * 60 + b"\n"
            )
    (folder / "mapping.yaml").write_text(
        f"tables: [{{table: platforms, source: platforms.csv}}, {{table: events, source: events.csv.gz, "
        f"identifiers: [{extra}]}}]"
    )


LOADED, REFUSED = 0, 2
Bombs = dict[Callable[[Path], None], tuple[int, str]]
BOMBS: Bombs = {
    a_csv_of_one_line: (LOADED, "row_too_long"),
    a_csv_of_one_header: (REFUSED, "events.csv.gz: the header is longer than 1,048,576 bytes"),
    a_header_of_commas: (REFUSED, "events.csv.gz: the header is longer than 1,048,576 bytes"),
    a_cell_that_never_ends: (LOADED, "unreadable_row wrong_number_of_cells"),
    lines_of_commas: (LOADED, "wrong_number_of_cells"),
    columns_of_empty_cells: (LOADED, ""),
    json_of_one_line: (LOADED, "row_too_long"),
    json_of_many_keys: (REFUSED, "events.jsonl has more than 2,000 columns: RINGFENCE_DELIVERY_COLUMNS"),
    json_of_empty_lists: (LOADED, ""),
    json_of_a_million_keys: (LOADED, ""),
    json_keys_given_twice: (LOADED, "given_twice"),
    json_nested_without_end: (REFUSED, "events.jsonl: the column applicant_id, at, kind is missing"),
    long_rows: (LOADED, ""),
    parts_of_many_columns: (REFUSED, "events has more than 2,000 columns: RINGFENCE_DELIVERY_COLUMNS"),
    a_zip: (LOADED, "row_too_long"),
    packed.one_long_text_in_every_row: (LOADED, "too_long"),
    packed.one_too_long_text_in_every_row: (LOADED, ""),
    packed.a_page_of_200_megabytes: (
        REFUSED,
        "events.parquet has more than 134,217,728 bytes of pages that must be held at once",
    ),
    packed.a_dictionary_of_millions: (
        REFUSED,
        "events.parquet has more than 134,217,728 bytes of pages that must be held at once",
    ),
    packed.texts_that_continue_each_other: (LOADED, "too_long"),
    packed.rows_of_half_a_megabyte: (LOADED, "too_long"),
    packed.rows_of_half_a_megabyte_as_attributes: (LOADED, "too_long"),
    packed.numbers_of_no_bytes: (LOADED, ""),
    packed.texts_of_no_bytes: (LOADED, ""),
    packed.lists_without_end: (LOADED, ""),
    packed.columns_that_take_no_place: (LOADED, ""),
    packed.attributes_that_take_no_place: (LOADED, ""),
    packed.a_hundred_thousand_columns: (
        REFUSED,
        "events.parquet has more than 2,000 columns: RINGFENCE_DELIVERY_COLUMNS",
    ),
    packed.row_groups_without_end: (REFUSED, "its table of contents has more than 400,000 entries"),
    packed.chunks_without_end: (REFUSED, "its table of contents has more than 400,000 entries"),
    packed.notes_without_end: (REFUSED, "its table of contents has more than 400,000 entries"),
    packed.a_schema_without_end: (REFUSED, "events.parquet: the column applicant_id, at, kind is missing"),
    aliases: (REFUSED, "anchors and aliases"),
    yaml_without_end: (REFUSED, "it is nested more than 32 deep"),
    a_large_mapping: (REFUSED, "more than 524,288 bytes: RINGFENCE_DELIVERY_MAPPING_BYTES"),
    one_column_as_many_attributes: (REFUSED, "more than 2,000 columns: RINGFENCE_DELIVERY_COLUMNS"),
    one_column_as_1900_attributes: (LOADED, ""),
    an_attribute_with_an_endless_name: (REFUSED, "`attributes` is longer than 512 characters"),
    an_endless_prefix: (REFUSED, "`prefix` is longer than 512 characters"),
    mapped.a_line_of_gb18030: (LOADED, "row_too_long"),
    mapped.one_long_cell_1900_times_in_an_id: (LOADED, "too_long"),
    mapped.a_fall_back_to_one_column_3000_times: (
        REFUSED,
        "more than 2,000 columns: RINGFENCE_DELIVERY_COLUMNS",
    ),
    mapped.numbers_of_a_million_blanks: (LOADED, ""),
}
"""What a load makes of each: how it ends, and the sentence or the codes (by blanks) of the bad rows."""
LARGE: Bombs = {
    a_csv_of_ten_gigabytes: (LOADED, "row_too_long"),
    a_folder_of_many_files: (
        REFUSED,
        "events/ has more than 10,000 files and folders: RINGFENCE_DELIVERY_PARTS",
    ),
    a_mapping_of_small_words: (REFUSED, "must be names and values"),
    a_mapping_of_empty_lists: (REFUSED, "must be names and values"),
    many_long_identifiers: (LOADED, ""),
}
"""More of them, which take a minute each."""

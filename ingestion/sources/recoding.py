"""How a file of text is written, and its bytes in UTF-8 whatever they were."""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from typing import IO

ENCODINGS = ("utf-8", "gb18030", "gbk", "gb2312", "big5", "utf-16", "utf-16-le", "utf-16-be", "latin-1")
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_BUFFER = 1 << 17


@dataclass(frozen=True, slots=True)
class Format:
    """`delimiter` stands between the cells of a csv file; empty is a comma, and a tab where the name ends
    with .tsv.
    """

    encoding: str = "utf-8"
    delimiter: str = ""

    def delimiter_of(self, name: str) -> str:
        """Of a file of that name."""
        return self.delimiter or ("\t" if ".tsv" in name.lower()[-7:] else ",")


UTF8 = Format()


def in_utf8(file: IO[bytes], encoding: str) -> IO[bytes]:
    """The same text in UTF-8, a buffer at a time. What is no character of the encoding becomes bytes that are
    no UTF-8: they cost their own line.
    """
    return file if encoding == UTF8.encoding else io.BufferedReader(_Recoded(file, encoding), _BUFFER)


class _Recoded(io.RawIOBase):
    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=_DAMAGED)
        self._left = b""
        self._done = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left and not self._done:
            piece = self._file.read(_BUFFER)
            self._done = not piece
            self._left = self._decoder.decode(piece, final=self._done).encode("utf-8", "surrogatepass")
        given, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


def _damaged(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError), "only a decoder calls this"
    return "\udcff", error.end


_DAMAGED = "ringfence_damaged"
codecs.register_error(_DAMAGED, _damaged)

"""What a server answers over HTTP/1.1, read within a limit of bytes. Pure: bytes come in as they arrive."""

from __future__ import annotations

import zlib
from typing import NamedTuple

HEAD = 65536
"""Bytes of the status line and the headers at most."""
_CHUNK_LINE = 1024
_INTERIM = 16
"""Answers at most before the one that counts, as 100 and 103 are."""
_ON_THE_WIRE = 2
"""How often the limit of a page may come in all, with what frames it: else tiny chunks cost without end."""


class Failed(Exception):  # noqa: N818 - the server is at fault, not the program
    """The page could not be had: `reason` is one word, for a counter, the text says more."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Head(NamedTuple):
    """Status, and the headers by name in lower case; of several of one name the last."""

    status: int
    headers: dict[str, str]


class Reply:
    """An answer that is being read; `done` when its end is known to have come."""

    def __init__(self, limit: int) -> None:
        """`limit` is the most bytes of the body, as it is sent and as it is unpacked."""
        self._limit = limit
        self._head: Head | None = None
        self._rest = bytearray()
        self._body = bytearray()
        self._sent = self._came = self._interim = 0
        self._length: int | None = None
        self._chunked = False
        self._chunk = -1
        self._unpack: zlib._Decompress | None = None
        self.done = False

    def feed(self, data: bytes) -> None:
        """Take what arrived; none means that the server closed the connection.

        Raises:
            Failed: it is no such answer, no page, or too long.
        """
        if not data:
            self._closed()
            return
        self._rest += data
        self._came += len(data)
        if self._came > HEAD + _ON_THE_WIRE * self._limit:
            raise self._too_large()
        while self._head is None:
            end = self._rest.find(b"\r\n\r\n", 0, HEAD)
            if end < 0:
                if len(self._rest) >= HEAD:
                    raise Failed("protocol", f"the headers are longer than {HEAD} bytes")
                return
            head = _head(bytes(self._rest[:end]))
            del self._rest[: end + 4]
            self._interim += 1
            if head.status >= 200:
                self._begin(head)
            elif self._interim > _INTERIM:
                raise Failed("protocol", f"it answers {head.status} again and again, and sends no page")
        if self._chunked:
            self._read_chunks()
        else:
            self._take(bytes(self._rest))
            self._rest.clear()
            if self._length is not None and self._sent >= self._length:
                self.done = True

    @property
    def body(self) -> bytes:
        """The page.

        Raises:
            Failed: it was packed, and its end is missing.
        """
        if self._unpack is not None and not self._unpack.eof and self._sent:
            raise Failed("cut", "the packed page ends too early")
        return bytes(self._body)

    def _begin(self, head: Head) -> None:
        self._head, headers = head, head.headers
        if 300 <= head.status < 400:
            raise Failed("redirect", f"it answers {head.status}: it leads elsewhere, which is not followed")
        if head.status != 200:
            raise Failed("status", f"it answers {head.status}")
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding == "gzip":
            self._unpack = zlib.decompressobj(31)
        elif encoding not in ("", "identity"):
            raise Failed("protocol", f"it packs the page by {encoding[:20]!a}, which was not asked for")
        self._chunked = headers.get("transfer-encoding", "").strip().lower() == "chunked"
        if not self._chunked and "content-length" in headers:
            length = headers["content-length"].strip()
            if not (length.isascii() and length.isdigit() and len(length) < 16):
                raise Failed("protocol", "its Content-Length is no number")
            self._length = int(length)
            if self._length > self._limit:
                raise self._too_large()
            self.done = self._length == 0

    def _take(self, data: bytes) -> None:
        """Some of the body."""
        if self._length is not None:
            data = data[: self._length - self._sent]
        self._sent += len(data)
        if self._sent > self._limit:
            raise self._too_large()
        if self._unpack is None:
            self._body += data
            return
        try:
            self._body += self._unpack.decompress(data, self._limit + 1 - len(self._body))
        except zlib.error:
            raise Failed("protocol", "the packed page is damaged") from None
        if len(self._body) > self._limit:
            raise self._too_large()

    def _read_chunks(self) -> None:
        """Chunks as far as they came: a line with the size, the bytes, an empty line."""
        while not self.done:
            if self._chunk < 0:
                end = self._rest.find(b"\r\n")
                if end < 0:
                    if len(self._rest) > _CHUNK_LINE:
                        raise Failed("protocol", "the size of a chunk is missing")
                    return
                self._chunk = _size(bytes(self._rest[:end]))
                del self._rest[: end + 2]
                self.done = self._chunk == 0
                continue
            data = bytes(self._rest[: self._chunk])
            self._take(data)
            del self._rest[: len(data)]
            self._chunk -= len(data)
            if self._chunk or len(self._rest) < 2:
                return
            if self._rest[:2] != b"\r\n":
                raise Failed("protocol", "a chunk is longer than it says")
            del self._rest[:2]
            self._chunk = -1

    def _closed(self) -> None:
        """The connection ended, which ends a page of unknown length."""
        if self._head is None:
            raise Failed("protocol", "it closes the connection without an answer")
        if self._chunked or self._length is not None:
            raise Failed("cut", "the page ends too early")
        if self._body and not self._body.endswith(b"\n"):
            raise Failed("cut", "the last line of the page has no end")
        self.done = True

    def _too_large(self) -> Failed:
        return Failed("size", f"the page is longer than max_size, {self._limit} bytes")


def _head(text: bytes) -> Head:
    lines = text.decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    status = rest[:3]
    if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit() and len(status) == 3):
        raise Failed("protocol", f"it does not speak HTTP, but begins with {lines[0][:12]!a}")
    pairs = (line.partition(":") for line in lines[1:])
    return Head(int(status), {name.strip().lower(): value.strip() for name, _, value in pairs})


def _size(line: bytes) -> int:
    """The size of a chunk, whatever stands behind it."""
    digits = line.partition(b";")[0].strip()
    if not 0 < len(digits) <= 8 or any(each not in b"0123456789abcdefABCDEF" for each in digits):
        raise Failed("protocol", "the size of a chunk is no number")
    return int(digits, 16)

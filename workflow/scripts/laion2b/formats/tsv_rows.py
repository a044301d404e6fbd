"""Count the rows of a TSV. A row may span several lines, because a quoted cell can contain line breaks."""

from typing import BinaryIO

SAMPLE = 1024 * 1024
"""Bytes of the beginning and of the end that are kept for the first and the last row."""


def bytes_of_first(stream: BinaryIO, count: int, block_size: int) -> int:
    """Return how many bytes the next `count` rows of a TSV take. Raises ValueError if there are fewer rows."""
    seen, rows, is_inside = 0, 0, False
    while rows < count:
        block = stream.read(block_size)
        if not block:
            raise ValueError(f"{rows} rows, not {count}")
        for number, piece in enumerate(block.split(b'"')):
            if number:
                is_inside = not is_inside
                seen += 1
            ends = 0 if is_inside else piece.count(b"\n")
            if not is_inside and rows + ends >= count:
                lines = piece.split(b"\n", count - rows)
                return seen + len(piece) - len(lines[-1])
            rows += ends
            seen += len(piece)
    return seen


class TsvRows:
    """Counts rows in blocks. A block may begin and end anywhere.

    A cell with a quotation mark is always quoted, and marks in it are doubled. So a line break belongs to a cell if,
    and only if, the number of marks before it is odd.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._is_inside = False
        self._head = self._tail = b""

    def update(self, content: bytes | memoryview) -> None:
        """Count the rows that end in a block."""
        block = bytes(content)
        pieces = block.split(b'"')
        self.rows += sum(piece.count(b"\n") for piece in pieces[self._is_inside :: 2])
        self._is_inside ^= not len(pieces) % 2
        if len(self._head) < SAMPLE:
            self._head += block[: SAMPLE - len(self._head)]
        self._tail = block if len(block) >= SAMPLE else (self._tail + block)[-SAMPLE:]

    @property
    def first(self) -> bytes:
        """The first row, as far as it was kept."""
        return _split(self._head, is_inside=False)[0]

    @property
    def last(self) -> bytes:
        """The last row, as far as it was kept."""
        rows = _split(self._tail.removesuffix(b"\n"), is_inside=bool(self._tail.count(b'"') % 2))
        return rows[-1]


def _split(text: bytes, *, is_inside: bool) -> list[bytes]:
    rows = [b""]
    for number, piece in enumerate(text.split(b'"')):
        if number:
            rows[-1] += b'"'
        if is_inside ^ bool(number % 2):
            rows[-1] += piece
        else:
            first, *more = piece.split(b"\n")
            rows[-1] += first
            rows += more
    return rows

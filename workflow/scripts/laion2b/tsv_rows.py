"""Count the rows of a TSV, of which a line is not always one: a quoted cell may hold line ends."""

SAMPLE = 1024 * 1024
"""Bytes of the beginning and of the end that are kept, to look at the first and the last row."""


class TsvRows:
    """Counts rows in the blocks that it is fed, whose bounds may be anywhere.

    A cell with a quotation mark is always quoted, and marks in it are doubled. So a line end belongs to a cell if, and
    only if, the number of marks before it is odd.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._is_inside = False
        self._head = self._tail = b""

    def update(self, block: bytes) -> None:
        """Count the rows that end in a block."""
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

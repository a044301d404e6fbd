"""Bob Jenkins' hash lookup3, the checksum of headers in HDF5.

It is `hashlittle` of https://burtleburtle.net/bob/c/lookup3.c. In Python it is slow, but fast enough for a few hundred
bytes.
"""

import struct

START = 0xDEADBEEF
WORD = 0xFFFFFFFF
MIXING = (4, 6, 8, 16, 19, 4)
"""Rotations of one round over twelve bytes that are not the last."""
ENDING = (14, 11, 25, 16, 4, 14, 24)
"""Rotations of the round that follows the last bytes."""


def lookup3(data: bytes) -> int:
    """Return the hash of `data`, an unsigned number of 32 bits. It starts from 0, as HDF5's checksums do."""
    a = b = c = (START + len(data)) & WORD
    if not data:
        return c
    words = struct.unpack(f"<{-len(data) // 12 * -3}I", data + bytes(-len(data) % 12))
    for first in range(0, len(words), 3):
        a, b, c = ((x + y) & WORD for x, y in zip((a, b, c), words[first : first + 3], strict=True))
        if first + 3 < len(words):
            a, b, c = _mix(a, b, c)
    return _end(a, b, c)


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    # The three words swap roles at each step. After six steps they are back in their places.
    for bits in MIXING:
        a = (a - c & WORD) ^ _rotate(c, bits)
        c = c + b & WORD
        a, b, c = b, c, a
    return a, b, c


def _end(a: int, b: int, c: int) -> int:
    for bits in ENDING:
        c = (c ^ b) - _rotate(b, bits) & WORD
        a, b, c = b, c, a
    return b


def _rotate(word: int, bits: int) -> int:
    return (word << bits | word >> 32 - bits) & WORD

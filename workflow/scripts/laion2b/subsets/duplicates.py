"""Estimate how many rows are exact duplicates, in bounded memory.

Rows are compared by their 64-bit XXH3. If there are too many different hashes for the memory, only multiples of K are
held, and the counts are multiplied by K. So either all copies of a vector are counted, or none. The largest group is
searched among all rows, but only among rows that are near each other.
"""

import numpy as np
import xxhash

LARGEST = 2**21
"""Different hashes in memory, and new ones that wait to be merged with them. Merging takes about 250 MB."""


class Duplicates:
    """Counts rows that are equal to other rows."""

    def __init__(self, largest: int = LARGEST) -> None:
        self.classes = 1
        self._largest = largest
        self._hashes, self._counts = np.empty(0, np.uint64), np.empty(0, np.uint32)
        self._new = np.empty(largest, np.uint64)
        self._waiting = 0
        self._largest_group = 0

    def add(self, block: np.ndarray) -> None:
        """Count the rows of a C-contiguous array of shape (n, dimensions)."""
        width = block.shape[1] * block.itemsize
        content, hash_of = memoryview(block.reshape(-1).view(np.uint8)), xxhash.xxh3_64_intdigest
        hashes = np.array([hash_of(content[at : at + width]) for at in range(0, len(content), width)], np.uint64)
        while len(hashes):
            taken = hashes[: self._largest - self._waiting]
            self._new[self._waiting : self._waiting + len(taken)] = taken
            self._waiting += len(taken)
            hashes = hashes[len(taken) :]
            if self._waiting == self._largest:
                self._merge()

    def result(self) -> dict[str, int]:
        """Return estimates, which are exact if `classes` is 1.

        `vectors` occur more than once. `rows` have one of these vectors. `largest_group` is the number of equal rows at
        least: if the hash of a vector is not held, only copies within some 2 million rows are counted.
        """
        self._merge()
        groups = self._counts[self._counts > 1]
        return {
            "classes": self.classes,
            "vectors": len(groups) * self.classes,
            "rows": int(groups.sum()) * self.classes,
            "largest_group": max(self._largest_group, int(groups.max(initial=0))),
        }

    def _is_followed(self, hashes: np.ndarray) -> np.ndarray:
        return hashes & np.uint64(self.classes - 1) == 0

    def _merge(self) -> None:
        """Merge the waiting hashes with those that are held, and hold half of them until they are few enough."""
        new = self._new[: self._waiting]
        new.sort()
        ends = np.flatnonzero(np.diff(new, append=~new[-1:]))
        self._largest_group = max(self._largest_group, int(np.diff(ends, prepend=-1).max(initial=0)))
        new = new[self._is_followed(new)]
        hashes = np.concatenate([self._hashes, new])
        order = np.argsort(hashes, kind="stable")  # in linear time, because two sorted runs are merged
        hashes = hashes[order]
        counts = np.concatenate([self._counts, np.ones(len(new), np.uint32)])[order]
        first = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]))
        hashes, counts = hashes[first], np.add.reduceat(counts, first) if len(first) else counts
        while len(hashes) > self._largest:
            self.classes *= 2
            followed = self._is_followed(hashes)
            hashes, counts = hashes[followed], counts[followed]
        self._hashes, self._counts, self._waiting = hashes, counts, 0

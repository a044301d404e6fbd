"""Of each query, the rows that scored best so far, and the score that a row has to beat."""

import numpy as np

from .screen import Found

LOWEST = np.float32(-np.inf)
AT_ONCE = 1024
"""Queries of which the worst rows are dropped at a time, at the end."""
MORE = 32
"""Rows kept beyond those asked for, and a sixteenth of them: most queries then need no second look."""


class Pool:
    """Keeps the `best` rows of the highest scores for each query; what it drops scored at most `thresholds`."""

    def __init__(self, queries: int, kept: int) -> None:
        self.best = kept + kept // 16 + MORE
        self.thresholds = np.full(queries, LOWEST)
        self._capacity = 2 * self.best
        self._rows = np.empty((queries, self._capacity), np.uint32)
        self._scores = np.empty((queries, self._capacity), np.float32)
        self._filled = np.zeros(queries, np.int64)

    def add(self, found: Found, rows: np.ndarray) -> None:
        """Take in what a screen found in a block; `rows` are the numbers of the block's rows."""
        query, row, score = found.query, rows[found.row].astype(np.uint32), found.score
        counts = np.bincount(query, minlength=len(self._filled))
        full = np.flatnonzero(self._filled + counts > self._capacity)
        if len(full):
            self._drop(full)
            still = ~(score <= self.thresholds[query])
            query, row, score = query[still], row[still], score[still]
            counts = np.bincount(query, minlength=len(self._filled))
        starts = np.cumsum(counts) - counts
        crowded = self._filled + counts > self._capacity
        for number in np.flatnonzero(crowded):
            its = np.s_[starts[number] : starts[number] + counts[number]]
            self._crowd(int(number), row[its], score[its])
        fits = ~crowded[query]
        places = (self._filled + -starts)[query] + np.arange(len(query))
        self._rows[query[fits], places[fits]] = row[fits]
        self._scores[query[fits], places[fits]] = score[fits]
        self._filled += np.where(crowded, 0, counts)

    def _drop(self, queries: np.ndarray) -> None:
        """Drop all but the best of queries whose places may run out."""
        queries = queries[self._filled[queries] > self.best]
        if not len(queries):
            return
        scores = self._scores[queries]
        scores[np.arange(self._capacity) >= self._filled[queries, None]] = LOWEST
        order = np.argpartition(scores, self._capacity - self.best, axis=1)[:, -self.best :]
        best = np.take_along_axis(scores, order, axis=1)
        self._scores[queries, : self.best] = best
        self._rows[queries, : self.best] = np.take_along_axis(self._rows[queries], order, axis=1)
        self._filled[queries] = self.best
        self.thresholds[queries] = best.min(axis=1)

    def _crowd(self, query: int, rows: np.ndarray, scores: np.ndarray) -> None:
        """Take in more than fits: the best of what is there and what comes."""
        rows = np.concatenate([self._rows[query, : self._filled[query]], rows])
        scores = np.concatenate([self._scores[query, : self._filled[query]], scores])
        order = np.argpartition(scores, len(scores) - self.best)[-self.best :]
        self._rows[query, : self.best], self._scores[query, : self.best] = rows[order], scores[order]
        self._filled[query] = self.best
        self.thresholds[query] = scores[order].min()

    def rows(self, nothing: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that are left, ascending, and their scores, both of shape (queries, n).

        Unused places hold `nothing`, which has to be larger than all rows. The pool gives its memory back: afterwards,
        only the thresholds are valid, which this may have raised.
        """
        for first in range(0, len(self._filled), AT_ONCE):
            self._drop(np.arange(first, min(first + AT_ONCE, len(self._filled))))
        most = int(self._filled.max(initial=0))
        pairs = self._rows[:, :most].astype(np.uint64)
        pairs[np.arange(most) >= self._filled[:, None]] = nothing
        pairs <<= np.uint64(32)
        pairs |= self._scores[:, :most].view(np.uint32)
        del self._rows, self._scores
        pairs.sort(axis=1)  # by row
        return (pairs >> np.uint64(32)).astype(np.uint32), pairs.astype(np.uint32).view(np.float32)

"""Signs of life of a mirror: what other downloads into the same folder get from it. Their files show it."""

from pathlib import Path
from urllib.parse import urlsplit

from laion2b.files import read_json
from laion2b.names import NOTE, RECORD, UNFINISHED, with_ending

from .partial import Origin


class Signs:
    """What came from one mirror since the last look.

    Each download is a process of its own, and may run on another host. All of them see the folder of the parts: a
    `.part` that grows, and the record of a complete file. Times of files are compared with each other, never with the
    clock, because a file server may have another clock.
    """

    def __init__(self, file: Path, url: str) -> None:
        self._folder = file.parent
        self._own = with_ending(file, UNFINISHED).name
        self._host = urlsplit(url).netloc
        self._growing: dict[str, tuple[int, int]] = {}
        self._names: set[str] = set()
        self.look()
        self.alive = self.finished = False  # what came before says nothing

    def look(self) -> None:
        """See whether the mirror is `alive` (bytes came), and whether it has `finished` a file."""
        names = {path.name for path in self._folder.iterdir()}
        new = names - self._names
        growing = {name: self._state(name) for name in names if name.endswith(UNFINISHED) and name != self._own}
        moved = [name for name, state in growing.items() if self._growing.get(name) != state and state[0]]
        records = [name for name in new if name.endswith(RECORD) and not name.endswith(NOTE)]
        self._names, self._growing = names, growing
        self.finished = any(self._is_from_host(self._record(name)) for name in records)
        self.alive = self.finished or any(self._is_from_host(self._note(name)) for name in moved)

    def _state(self, name: str) -> tuple[int, int]:
        try:
            stat = (self._folder / name).stat()
        except OSError:  # it has just been renamed
            return 0, 0
        return stat.st_size, stat.st_mtime_ns

    def _note(self, name: str) -> str | None:
        origin = Origin.read(with_ending(self._folder / name, RECORD))
        return origin.url if origin else None

    def _record(self, name: str) -> str | None:
        return (read_json(self._folder / name) or {}).get("url")

    def _is_from_host(self, url: str | None) -> bool:
        return isinstance(url, str) and urlsplit(url).netloc == self._host

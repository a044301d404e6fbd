"""Terminals: what a process shows on one, and a real one whose screen can be read."""

import contextlib
import os
import re
import select
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.harness import wait_until


def shown(descriptor: int, until: Callable[[str], bool] | None = None) -> str:
    """Return what a process shows until that meets a condition, or else until it ends; fail if it never does."""
    text = ""
    deadline = time.monotonic() + 60
    while until is None or not until(text):
        ready, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
        assert ready, text
        try:
            more = os.read(descriptor, 65536)
        except OSError:  # a pseudo-terminal whose other end is closed
            more = b""
        if not more:
            assert until is None, text
            return text
        text += more.decode(errors="replace")
    return text


END = "status: "
"""What is written when the command has ended."""


@dataclass(frozen=True)
class Screen:
    """A terminal of 80 columns in which a command runs, or ran."""

    _tmux: Sequence[str]

    @classmethod
    @contextlib.contextmanager
    def of(cls, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator["Screen"]:
        """Run a command in a folder, in a terminal of its own."""
        with tempfile.TemporaryDirectory() as place:
            tmux = ["tmux", "-u", "-f", os.devnull, "-S", f"{place}/socket"]
            start = [*tmux, "new-session", "-d", "-x", "80", "-y", "60"]
            shell = f"trap : INT; {shlex.join(command)}; echo {END}$?; exec cat"  # a terminal that is still in use
            subprocess.run([*start, shell], cwd=folder, env={**os.environ, **environment}, check=True)
            try:
                yield cls(tmux)
            finally:
                subprocess.run([*tmux, "kill-server"], check=True)

    def _ask(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], stdout=subprocess.PIPE, text=True, check=True).stdout

    def text(self) -> str:
        """Return what is on the screen."""
        return self._ask("capture-pane", "-p")

    def wait(self, until: Callable[[str], object]) -> str:
        """Return what is on the screen as soon as that meets a condition; fail if it does not within a minute."""
        seen = [""]

        def is_there() -> bool:
            seen.append(self.text())
            return bool(until(seen[-1]))

        try:
            wait_until(is_there)
        except AssertionError:
            raise AssertionError(seen[-1]) from None
        return seen[-1]

    def press(self, key: str) -> None:
        """Press a key, such as C-c."""
        self._ask("send-keys", key)

    def end(self) -> tuple[str, int]:
        """Return what is on the screen when the command has ended, and its exit status."""
        text, _, status = self.wait(lambda text: re.search(rf"^{END}\d", text, re.MULTILINE)).rpartition(END)
        return text, int(status)

    def has_cursor(self) -> bool:
        """Tell whether the cursor is shown."""
        return self._ask("display", "-p", "#{cursor_flag}").strip() == "1"

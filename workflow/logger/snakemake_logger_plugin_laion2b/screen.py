"""A terminal with bars at its end, and above them all that is written meanwhile, by any process of the run."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from .capture import Capture

PAUSE = 1.0
"""Seconds between two looks at the run."""


class _Console(Console):
    def show_cursor(self, show: bool = True) -> bool:
        """Do nothing: a cursor that was never hidden is there after any end, `kill -9` included."""
        return False


class Screen:
    """Shows what `draw` returns, and draws it again every `PAUSE` seconds between `begin` and `end`."""

    def __init__(self, draw: Callable[[], RenderableType], *, nocolor: bool) -> None:
        self._draw = draw
        self._capture = Capture(self._pass_on)
        self.stream = self._capture.terminal
        """Text that is written to it reaches the terminal itself."""
        self._console = _Console(file=self.stream, no_color=nocolor or None, force_interactive=True)
        self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_drawing, daemon=True)
        self._capture.begin()

    def begin(self) -> None:
        """Draw the bars, and keep drawing them."""
        self._thread.start()

    def say(self, text: str, style: str = "") -> None:
        """Write text above the bars."""
        self._print(Text(text, style=style))

    def end(self) -> None:
        """Draw the bars once more, leave them there, and leave the terminal to all others."""
        if self._ended.is_set():
            return
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._capture.end()
        if self._live.is_started:
            self._look(is_last=True)
            self._live.stop()

    def _keep_drawing(self) -> None:
        while True:
            self._look()
            if self._ended.wait(PAUSE):
                return

    def _look(self, *, is_last: bool = False) -> None:
        """Draw the bars. They are not drawn for a run in the background, where another program has the terminal.

        An empty line keeps the cursor below them: what a key writes there, such as ^C, moves no bar.
        """
        size = os.get_terminal_size(self.stream.fileno())
        if all(size):  # a terminal may not know how large it is
            self._console.size = size
        if not self._is_in_front():
            self._live.stop()
            return
        with suppress(OSError):  # a file server that is away: the jobs say worse
            self._live.start()
            self._live.update(Group(self._draw(), *([] if is_last else [""])), refresh=True)

    def _is_in_front(self) -> bool:
        try:
            return os.tcgetpgrp(self.stream.fileno()) == os.getpgrp()
        except OSError:  # a terminal that controls no processes
            return True

    def _pass_on(self, line: str) -> None:
        self._print(Text.from_ansi(line))

    def _print(self, text: Text) -> None:
        self._console.print(text)

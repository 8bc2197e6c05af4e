"""A program of ours: its output in a file, and stopped for certain."""

import asyncio
from asyncio.subprocess import DEVNULL, STDOUT, Process as Subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
import os
from pathlib import Path
import signal
from typing import Self


class Process:
    """A child process, alone in its session so that its own children end with it."""

    def __init__(self, name: str, child: Subprocess, log: Path) -> None:
        """Wrap a running child; use `start`."""
        self.name = name
        self.log = log
        self._child = child

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], *, log: Path, cwd: Path, env: Mapping[str, str] | None = None
    ) -> Self:
        """Start a program; what it prints goes to the log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            child = await asyncio.create_subprocess_exec(
                *command,
                stdin=DEVNULL,
                stdout=output,
                stderr=STDOUT,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        return cls(name, child, log)

    @property
    def returncode(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._child.returncode

    def tail(self, lines: int = 40) -> str:
        """Return the end of what it printed."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def raise_if_ended(self) -> None:
        """Complain when it ended although nobody asked it to."""
        if self.returncode is not None:
            raise RuntimeError(f"{self.name} ended with {self.returncode}; it printed:\n{self.tail()}")

    async def stop(self, *, patience_s: float = 60) -> int:
        """Ask it to end, insist after a while, and leave none of its children behind."""
        if self.returncode is None:
            self._signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._child.wait(), patience_s)
        self._signal(signal.SIGKILL)
        return await self._child.wait()

    def _signal(self, number: signal.Signals) -> None:
        # The session's id is the child's; it stays valid while any member of the group lives.
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)

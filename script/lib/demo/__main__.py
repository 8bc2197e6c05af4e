"""`script/demo`: see there."""

import argparse
import asyncio
import json
from pathlib import Path
import signal
import sys

from script.lib.ha.flows import FlowError
from script.lib.ha.log import problems
from script.lib.ha.rest import RestError

from .home import ROOT
from .live import run_live
from .once import LOGS, run_once
from .say import say

KEPT = ROOT / ".demo"
EXPECTED = (RuntimeError, TimeoutError, OSError, FlowError, RestError)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/demo", description="A simulated home, steered by EMS.")
    parser.add_argument(
        "--once", action="store_true", help="one full cycle without a screen, JSON as last line"
    )
    parser.add_argument("--port", type=int, help="where Home Assistant listens")
    parser.add_argument("--fresh", action="store_true", help="forget the home of the last time")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    # A termination unwinds like Ctrl-C does, so that nothing is left running.
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - asyncio.run always makes one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if arguments.once:
        print(json.dumps(await run_once()), flush=True)
        return
    await run_live(KEPT, port=arguments.port, fresh=arguments.fresh)


def _explain(logs: Path) -> None:
    """Show what EMS itself complained about, and where the rest is."""
    log = logs / "home-assistant.log"
    for problem in problems(log)[:5] if log.exists() else []:
        say(problem)
    say(f"logs are in {logs}")


def main() -> int:
    """Run, and turn what can go wrong into a sentence."""
    try:
        asyncio.run(_run(_arguments()))
    except KeyboardInterrupt, asyncio.CancelledError:
        return 130
    except EXPECTED as err:
        say(f"error: {err}")
        _explain(LOGS if "--once" in sys.argv else KEPT / "log")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Progress for people, on stderr: stdout belongs to the answer."""

import sys


def say(text: str) -> None:
    """Print a line at once."""
    print(text, file=sys.stderr, flush=True)

"""Free ports on loopback."""

from contextlib import ExitStack
import socket


def free_ports(count: int) -> list[int]:
    """Return that many different ports which nobody uses right now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]

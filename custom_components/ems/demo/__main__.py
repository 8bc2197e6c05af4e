"""The demo home as a process: prints where its devices answer and lives until it is told to stop."""

from argparse import ArgumentParser, Namespace
import asyncio
from datetime import UTC, datetime
import json
import signal
import sys

from .clock import hurried_clock, real_clock
from .demo_home import DemoAddresses, DemoHome, DemoPorts
from .modbus_server import PortError


def _arguments(argv: list[str] | None) -> Namespace:
    parser = ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another weather and family")
    parser.add_argument("--latitude", type=float, default=48.21)
    parser.add_argument("--longitude", type=float, default=16.37)
    parser.add_argument("--timezone", default="Europe/Vienna")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster than the world")
    parser.add_argument(
        "--start", type=_instant, help="ISO time at which the home's clock begins (UTC if bare)"
    )
    parser.add_argument(
        "--ports-from", type=int, default=15020, help="meter, inverter, three chargers: the five after it"
    )
    parser.add_argument("--http-port", type=int, help="prices and weather (60 above --ports-from)")
    parser.add_argument("--free-ports", action="store_true", help="take any free ports")
    parser.add_argument("--json", action="store_true", help="print the addresses as one line of JSON")
    return parser.parse_args(argv)


def _instant(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _show(addresses: DemoAddresses, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(addresses.as_dict()), flush=True)
        return
    for name in ("meter", "inverter", "charger", "charger_2", "charger_3"):
        at = getattr(addresses, name)
        print(f"{name:9} modbus://{at.host}:{at.port} unit {at.unit_id}")
    print(f"prices    {addresses.http}/v1/marketdata")
    print(f"weather   {addresses.http}/v1/forecast")
    print(f"truth     {addresses.http}/demo/state", flush=True)


async def _run(options: Namespace) -> int:
    hurried = options.speed != 1 or options.start is not None
    start_s = options.start if options.start is not None else real_clock()
    home = DemoHome(
        seed=options.seed,
        latitude=options.latitude,
        longitude=options.longitude,
        timezone=options.timezone,
        clock=hurried_clock(start_s, options.speed) if hurried else real_clock,
    )
    ports = DemoPorts.counted_from(options.ports_from, options.http_port)
    try:
        await home.async_start(options.host, DemoPorts.free() if options.free_ports else ports)
    except PortError as err:
        print(err.strerror, file=sys.stderr)
        return 1
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _show(home.addresses, as_json=options.json)
    await stop.wait()
    await home.async_stop()
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the demo home until SIGTERM or SIGINT."""
    return asyncio.run(_run(_arguments(argv)))


if __name__ == "__main__":
    sys.exit(main())

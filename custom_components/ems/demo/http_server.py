"""The home's window on the internet: prices, weather, the truth behind it all, and the switch for faults."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import tzinfo
from http import HTTPStatus
import json
from typing import Any

from aiohttp import web

from .clock import Clock
from .conditions import Condition
from .faults import ActiveFault, Fault, Faults
from .home import Home
from .market import prices
from .modbus_server import PortError
from .open_meteo import QueryError, forecast

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DAY_S = 86_400.0
_PRICE_PATHS = ("/v1/marketdata", "/at/v1/marketdata", "/de/v1/marketdata")


class HttpServer:
    """aWATTar, Open-Meteo and /demo on one port."""

    def __init__(
        self,
        home: Home,
        clock: Clock,
        zone: tzinfo,
        faults: Faults,
        truth: Callable[[], Any],
        play: Callable[[Condition], None],
    ) -> None:
        """Prepare; nothing is opened yet."""
        self._home = home
        self._clock = clock
        self._zone = zone
        self._faults = faults
        self._truth = truth
        self._play = play
        self._runner: web.AppRunner | None = None
        self._healed = asyncio.Event()
        self._last: dict[str, bytes] = {}
        faults.listen(self._on_fault)

    async def start(self, host: str, port: int) -> int:
        """Open the port and return it (a free one when 0)."""
        app = web.Application(middlewares=[self._suffer])
        app.add_routes([web.get(path, self._prices) for path in _PRICE_PATHS])
        app.router.add_get("/v1/forecast", self._forecast)
        app.router.add_get("/demo/state", self._state)
        app.router.add_post("/demo/fault", self._fault)
        app.router.add_post("/demo/condition", self._condition)
        self._healed.clear()
        runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as err:
            await runner.cleanup()
            reason = err.strerror or err
            raise PortError(err.errno, f"demo home: cannot open {host}:{port} for http ({reason})") from err
        self._runner = runner
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port and everything behind it."""
        self._healed.set()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def _on_fault(self, device: str, fault: ActiveFault | None) -> None:
        if device == "http":
            self._healed.set()  # whoever hangs on the old fault is released
            if fault is not None:
                self._healed = asyncio.Event()

    async def _prices(self, request: web.Request) -> web.Response:
        now_s = self._clock()
        try:
            start_s = float(request.query.get("start", now_s * 1000)) / 1000
            end_s = float(request.query.get("end", (start_s + DAY_S) * 1000)) / 1000
        except ValueError:
            return web.json_response({"error": "start and end are milliseconds since the epoch"}, status=400)
        data = [
            {
                "start_timestamp": round(price.start_s * 1000),
                "end_timestamp": round(price.end_s * 1000),
                "marketprice": price.eur_per_mwh,
                "unit": "Eur/MWh",
            }
            for price in prices(self._home.seed, start_s, end_s, now_s)
        ]
        return web.json_response({"object": "list", "data": data, "url": request.path})

    async def _forecast(self, request: web.Request) -> web.Response:
        try:
            answer = forecast(self._home.weather, request.query, self._clock(), self._zone)
        except QueryError as err:
            return web.json_response({"error": True, "reason": str(err)}, status=400)
        return web.json_response(answer)

    async def _state(self, _request: web.Request) -> web.Response:
        return web.json_response(self._truth())

    async def _fault(self, request: web.Request) -> web.Response:
        """Set or clear a fault. JSON only, so that no foreign web page can send it with a form."""
        if request.content_type != "application/json":
            return web.json_response({"error": "send application/json"}, status=415)
        try:
            self._apply_fault(await request.json())
        except (ValueError, TypeError, AttributeError) as err:
            return web.json_response({"error": str(err)}, status=400)
        return web.json_response({"faults": self._faults.as_dict()})

    async def _condition(self, request: web.Request) -> web.Response:
        """Play a condition. JSON only, as for faults."""
        if request.content_type != "application/json":
            return web.json_response({"error": "send application/json"}, status=415)
        try:
            condition = Condition((await request.json())["condition"])
        except (ValueError, TypeError, KeyError) as err:
            return web.json_response({"error": str(err)}, status=400)
        self._play(condition)
        return web.json_response({"condition": condition})

    def _apply_fault(self, wish: dict[str, Any]) -> None:
        device, kind = wish.get("device"), wish.get("fault")
        if kind is None:
            self._faults.clear(device)
            return
        code, lasts_s = wish.get("code"), wish.get("lasts_s")
        self._faults.set(
            str(device),
            Fault(kind),
            seconds=float(wish.get("seconds", 5.0)),
            code=None if code is None else int(code),
            lasts_s=None if lasts_s is None else float(lasts_s),
        )

    @web.middleware
    async def _suffer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Fail as told. /demo itself always works: it is how one heals."""
        fault = None if request.path.startswith("/demo/") else self._faults.get("http")
        match fault.kind if fault else None:
            case Fault.SILENT:
                await self._healed.wait()
                return _hang_up(request)
            case Fault.SLOW if fault:
                await asyncio.sleep(fault.seconds)
            case Fault.EXCEPTION if fault:
                return web.Response(status=fault.code, text=_phrase(fault.code))
            case Fault.GARBAGE:
                return web.Response(body=b'{"data": [{"start_t\xff', content_type="application/json")
            case Fault.REFUSE:
                return _hang_up(request)
            case Fault.FROZEN if request.path in self._last:
                return web.Response(body=self._last[request.path], content_type="application/json")
        response = await handler(request)
        if isinstance(response, web.Response) and isinstance(response.body, bytes):
            self._last[request.path] = response.body
        return response


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection; the response that aiohttp wants goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return json.dumps({"status": code})

"""One full cycle without a screen: read, forecast, plan, steer, and prove it on the wire."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from script.lib.ha.ports import free_ports
from script.lib.ha.wait import until

from .home import ROOT
from .proof import Setpoint, compare
from .say import say
from .stage import Stage, set_stage
from .wires import Snapshot, read_setpoints

SETPOINT_TIMEOUT_S = 90
# The home is thrown away, what it said is kept: a failure is understood from there.
LOGS = ROOT / "build" / "demo-once"
# Well inside what the demo home's battery can do, and no limit that it starts with.
HAND_POWER_W = 1700.0


async def _commands(stage: Stage, before: Mapping[str, Snapshot], source: str) -> list[Setpoint]:
    """Return what has been written so far, as EMS says and as the wire shows."""
    channels = (await stage.diagnostics())["commands"]
    after = await read_setpoints(stage.home)
    titles = {each.id: each.title for each in await stage.devices()}
    wires = {device: titles[device] if titles[device] in after else "inverter" for device in channels}
    return [
        setpoint
        for device, channel in channels.items()
        for setpoint in compare(
            device, source, channel["writes"], before[wires[device]], after[wires[device]]
        )
    ]


async def planned_setpoints(stage: Stage) -> list[Setpoint]:
    """Return the plan's setpoints as soon as one of them has provably arrived."""

    async def probe() -> list[Setpoint] | None:
        found = await _commands(stage, stage.before, "plan")
        return found if any(each.proves for each in found) else None

    return await until("a planned setpoint on the wire", probe, timeout_s=SETPOINT_TIMEOUT_S, every_s=2)


async def setpoints_by_hand(stage: Stage) -> list[Setpoint]:
    """Charge the battery by writing its entity, as a person would, and return what arrived."""
    before = await read_setpoints(stage.home)
    entity = next(each for each in await stage.entities() if each.key == "power_setpoint")
    await stage.home_assistant.rest.call("number.set_value", entity_id=entity.entity_id, value=-HAND_POWER_W)

    async def probe() -> list[Setpoint] | None:
        found = [each for each in await _commands(stage, before, "override") if each.proves]
        return found if any(each.written == HAND_POWER_W for each in found) else None

    return await until(
        "the battery's entity to reach the wire", probe, timeout_s=SETPOINT_TIMEOUT_S, every_s=2
    )


async def _devices(stage: Stage) -> list[dict[str, Any]]:
    known = (await stage.diagnostics())["devices"]
    return [
        {"id": each.id, "type": each.type, "profile": known[each.id]["profile"], "ok": known[each.id]["ok"]}
        for each in await stage.devices()
    ]


async def summarise(stage: Stage) -> dict[str, Any]:
    """Return what one cycle did; raises where it did not."""
    plan = await stage.plan()
    if plan["status"] == "failed":
        raise RuntimeError(f"no plan: {plan['reasons']}")
    say("  waiting for the plan's setpoints on the wire …")
    setpoints = await planned_setpoints(stage)
    say("  writing a setpoint by hand …")
    setpoints += await setpoints_by_hand(stage)
    numbers = {key: plan[key] for key in ("status", "solve_ms", "expected_cost", "baseline_cost")}
    return {
        "home_assistant": await stage.home_assistant.version(),
        "devices": await _devices(stage),
        "plan": {"steps": len(plan["steps"]), **numbers},
        "setpoints": [each.as_dict() for each in setpoints],
    }


async def run_once() -> dict[str, Any]:
    """Run a cycle in a folder that is thrown away, on ports that nobody uses."""
    with TemporaryDirectory(prefix="ems-demo-", ignore_cleanup_errors=True) as folder:
        (port,) = free_ports(1)
        async with set_stage(Path(folder), logs=LOGS, port=port, home_ports=("--free-ports",)) as stage:
            return await summarise(stage)

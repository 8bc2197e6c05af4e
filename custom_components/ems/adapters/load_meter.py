"""What a flexible load draws and has used: by its own meter, its own counter, or the time that it was on."""

from ..engine.flexible_load import LoadKind
from ..site_device import SiteDevice
from .load_record import LoadRecord
from .loads import kind_of, make_load

# Across a longer silence nobody knows what flowed: it is left out rather than guessed.
MAX_GAP_S = 300.0


def drawn_w(device: SiteDevice) -> float | None:
    """Return what a load draws now, as far as the load itself says. [W]."""
    if "power" in device.points:
        power_w = device.fresh_number("power")
        return None if power_w is None else max(0.0, power_w)
    running = device.value("running")
    # A machine that is switched on and waits for its door to be closed draws nothing.
    if not isinstance(running, bool) or kind_of(device) is LoadKind.PROGRAMME:
        return None
    if not running:
        return 0.0
    setpoint_w = device.fresh_number("setpoint")
    return float(device.params["power_w"]) if setpoint_w is None else setpoint_w


class LoadMeter:
    """Counts what one load uses between two looks."""

    def __init__(self, device: SiteDevice) -> None:
        """Begin with nothing seen."""
        self._device = device
        self._last: tuple[float, float] | None = None

    def used_kwh(self, record: LoadRecord, now_s: float) -> float:
        """Return what was used since the last look. [kWh]."""
        return self._counted(record) if "energy" in self._device.points else self._summed(now_s)

    def look(self, record: LoadRecord, now_s: float) -> None:
        """Remember what it draws from here on, once it is known whether it runs."""
        self._last = now_s, self._believed_w(record)

    def _counted(self, record: LoadRecord) -> float:
        """Return what the counter rose by, over restarts too; one that fell has begun anew."""
        energy_wh = self._device.fresh_number("energy")
        if energy_wh is None:
            return 0.0
        # Another counter begins where it stands. A device that EMS reads itself has one, and is known by its serial.
        entities = self._device.source.get("entities")
        counter_id = entities["energy_entity"] if entities else self._device.serial
        before_wh = record.counter_wh if record.counter_id == counter_id else None
        record.counter_wh, record.counter_id = energy_wh, counter_id
        return 0.0 if before_wh is None else max(0.0, energy_wh - before_wh) / 1000

    def _summed(self, now_s: float) -> float:
        """Return P·Δt: what it drew at the last look held until this one, because a change is seen at once."""
        if self._last is None or not 0 < now_s - self._last[0] <= MAX_GAP_S:
            return 0.0
        return self._last[1] / 1000 * (now_s - self._last[0]) / 3600

    def _believed_w(self, record: LoadRecord) -> float:
        power_w = drawn_w(self._device)
        if power_w is not None or "power" in self._device.points:
            return power_w or 0.0
        load = make_load(self._device)
        if load.kind is LoadKind.PROGRAMME:
            return 1000 * load.run_kwh / load.run_h if record.programme_since_s is not None else 0.0
        return 1000 * load.power_kw if record.is_on else 0.0

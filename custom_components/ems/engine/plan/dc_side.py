"""What a hybrid inverter does without a plan: its sun to the home first, what is left to the batteries."""

from collections.abc import Mapping

import numpy as np

from ..steps import Floats
from .components.dc_bus import DcSun


class DcSide:
    """An inverter under the rule. Series have shape (n,). [kW].

    Attributes
    ----------
    out_kw, in_kw : At the AC terminal, to the home and from it; never both.
    spare_kw : Sun on the DC side that does not fit through the inverter, until a battery takes it.
    """

    def __init__(self, sun: DcSun, n: int) -> None:
        """Send all the sun that fits to the home."""
        self._sun, self._spec = sun, sun.inverter
        self._sun_kw = sum(sun.available.values(), np.zeros(n))
        self.out_kw = np.minimum(self._sun_kw * self._spec.dc_to_ac_efficiency, self._spec.ac_max_kw)
        self.in_kw = np.zeros(n)
        self.spare_kw = self._sun_kw - self.out_kw / self._spec.dc_to_ac_efficiency

    @property
    def power_kw(self) -> Floats:
        """Return what the home gets, negative where it gives."""
        return self.out_kw - self.in_kw

    def at_terminal(self, net_kw: Floats) -> Floats:
        """Return the home's net load as a battery here sees it: what it may give (+), what it may take (-)."""
        room = np.maximum(self._spec.ac_max_kw - self.out_kw, 0)
        wanted = np.minimum(np.maximum(net_kw, 0), room) / self._spec.dc_to_ac_efficiency
        own, drawn = self._surplus(net_kw)
        offered = self.spare_kw + own + drawn
        seen: Floats = wanted - offered
        return seen

    def carry(self, battery_kw: Floats, net_kw: Floats) -> Floats:
        """Let a battery here give or take, and return what is left of the home's net load."""
        given = np.maximum(battery_kw, 0) * self._spec.dc_to_ac_efficiency
        taken = np.maximum(-battery_kw, 0)
        spare = np.minimum(taken, self.spare_kw)
        own = np.minimum(taken - spare, self._surplus(net_kw)[0])
        kept = own * self._spec.dc_to_ac_efficiency
        drawn = (taken - spare - own) / self._spec.ac_to_dc_efficiency
        self.spare_kw = self.spare_kw - spare
        self.out_kw, self.in_kw = self.out_kw + given - kept, self.in_kw + drawn
        left: Floats = net_kw - given + kept + drawn
        return left

    def _surplus(self, net_kw: Floats) -> tuple[Floats, Floats]:
        """Return what a battery can take of a surplus, at its terminal: kept back from own sun, drawn from the home."""
        surplus = np.maximum(-net_kw, 0)
        own = np.minimum(surplus, self.out_kw)
        drawn = np.minimum(surplus - own, np.maximum(self._spec.ac_max_kw - self.in_kw, 0))
        return own / self._spec.dc_to_ac_efficiency, drawn * self._spec.ac_to_dc_efficiency

    def hold_back(self, id_: str, over_kw: Floats) -> Floats:
        """Return how much less the home gets where one array here is held back, at most `over_kw`."""
        given = (self._sun.available[id_] - self._lost_kw()[id_]) * self._spec.dc_to_ac_efficiency
        cut: Floats = np.minimum(np.minimum(over_kw, self.out_kw), given)
        self.out_kw = self.out_kw - cut
        return cut

    def pv_kw(self, cut_kw: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return what each array gives.

        cut_kw : By how much less the home got of it, per array id.
        """
        lost, none = self._lost_kw(), np.zeros_like(self._sun_kw)
        return {
            id_: available - lost[id_] - cut_kw.get(id_, none) / self._spec.dc_to_ac_efficiency
            for id_, available in self._sun.available.items()
        }

    def _lost_kw(self) -> dict[str, Floats]:
        """Return what does not fit through the inverter, per array: evenly, of those first that can be held back."""
        lost: dict[str, Floats] = {}
        left = self.spare_kw
        for ids in self._sun.in_order_of_loss:
            offered = sum((self._sun.available[id_] for id_ in ids), np.zeros_like(left))
            share = np.divide(np.minimum(left, offered), offered, out=np.zeros_like(left), where=offered > 0)
            lost |= {id_: share * self._sun.available[id_] for id_ in ids}
            left = np.maximum(left - offered, 0)
        return lost

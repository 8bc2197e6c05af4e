"""What one call of an action wants of its plan, and of that plan alone."""

from dataclasses import dataclass, replace
from typing import Final

from ..engine.site import Preference, Strategy
from .problem import PlanInputs


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """Where a plan is to differ from the settings; None: as set. The settings stay as they are."""

    strategy: Strategy | None = None
    preference: Preference | None = None
    horizon_h: float | None = None

    def of(self, inputs: PlanInputs) -> PlanInputs:
        """Return the home's picture as this plan is to see it."""
        site = replace(
            inputs.site,
            strategy=self.strategy or inputs.site.strategy,
            preference=self.preference or inputs.site.preference,
        )
        return replace(inputs, site=site, horizon_h=self.horizon_h or inputs.horizon_h)


AS_SET: Final = PlanRequest()

"""What a forecaster answers."""

from dataclasses import dataclass

from ..steps import Floats, Steps


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """Expected mean power per step with its band, shape (n,) each. [kW].

    `mean` is what energy adds up to; the quantiles are of the mean power over the step.
    """

    issued_at_s: float
    steps: Steps
    mean: Floats
    p10: Floats
    p50: Floats
    p90: Floats
    # How it was made ("learned", "prior", "clear_sky" …): people are told how unsure a first day is.
    basis: str

"""How a task of a load that stays undone is told."""

from collections.abc import Sequence

import numpy as np

from ...flexible_load import LoadTask
from ...steps import Floats
from ..result import Slack
from .component import Horizon, slack_over


def missing_slack(id_: str, tasks: Sequence[LoadTask], missing_kwh: Floats, horizon: Horizon) -> list[Slack]:
    """Describe what is missing of the tasks that have to be done; what may be left out breaks no wish."""
    found = []
    for task, missing in zip(tasks, missing_kwh.tolist(), strict=True):
        if task.reward is None:
            window = task.allowed if task.allowed.any() else np.ones_like(task.allowed)
            amounts = np.zeros(horizon.n)
            amounts[: len(window)] = missing * window
            cost = missing * task.shortfall_price_per_kwh
            found += slack_over(amounts, "load_energy", id_, amount=missing, unit="kWh", cost=cost)
    return found

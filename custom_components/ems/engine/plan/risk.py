"""Risk: how much the worst tenth of all futures counts beside their mean.

References
----------
R. T. Rockafellar, S. Uryasev, "Optimization of conditional value-at-risk", Journal of Risk 2(3), 2000.
"""

from typing import Final

import numpy as np

from .components.component import Horizon
from .home import Home
from .program import Term

TAIL: Final = 0.1


def add_risk(home: Home, weight: float) -> None:
    """Shift the objective from the mean bill towards the mean of its worst tenth.

        (1 - w)·E[bill] + w·CVaR        CVaR = η + E[z] / tail,  z[s] ≥ bill[s] - η,  z ≥ 0

    Bills are energy, wear and the value of what is left: money, as `Costs` counts it. Broken wishes keep their
    price whatever the weight.
    """
    tree, program = home.horizon.tree, home.program
    if weight <= 0 or tree.n_scenarios == 1:
        return
    futures, none = tree.n_scenarios, np.zeros(tree.n_scenarios)
    bill = program.variables("risk.bill", futures, lower=-np.inf, cost=-weight * tree.probability)
    threshold = program.variables("risk.threshold", 1, lower=-np.inf, cost=weight)
    beyond = program.variables("risk.beyond", futures, cost=weight * tree.probability / TAIL)
    program.rows("risk.bills", none, none, Term(bill, -1.0), *bill_terms(home))
    above = [Term(bill, 1.0), Term(np.repeat(threshold, futures), -1.0), Term(beyond, -1.0)]
    program.rows("risk.worst", -np.inf, none, *above)


def bill_terms(home: Home) -> list[Term]:
    """Return what each future costs, rows being scenarios. [currency]."""
    horizon, every = home.horizon, np.arange(home.horizon.n)
    terms = []
    prices = ((home.grid.imports, horizon.import_price), (home.grid.exports, -horizon.export_price))
    for flow, price in prices:
        terms.append(_priced(horizon, flow.columns, price, every))
        terms.append(_priced(horizon, flow.extra, price, flow.extra_steps))
    for battery in home.batteries.values():
        wear = np.full(horizon.n, battery.wear_per_kwh)
        terms.append(_priced(horizon, battery.discharge.columns, wear, every))
        terms.append(Term(battery.left.columns, -battery.left.per_kwh, battery.left.scenario))
    for charger in home.chargers.values():
        if charger.feed is not None:
            wear = np.full(horizon.n, charger.spec.wear_per_kwh)
            terms.append(_priced(horizon, charger.feed.columns, wear, every))
    return terms


def _priced(horizon: Horizon, columns: np.ndarray, price: np.ndarray, nodes: np.ndarray) -> Term:
    return horizon.summed(columns, (horizon.hours * price)[nodes], nodes)

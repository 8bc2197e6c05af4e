"""Homes that have chosen a strategy or a preference."""

from dataclasses import replace

from hypothesis import strategies as st

from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.site import Preference, Strategy
from tests.engine.plan.homes import homes

CHOICES = [(strategy, preference) for strategy in Strategy for preference in Preference]


def leaning(
    asked: Problem, strategy: Strategy = Strategy.AUTO, preference: Preference = Preference.ECONOMIC
) -> Problem:
    """Return a home that has chosen."""
    return replace(asked, site=replace(asked.site, strategy=strategy, preference=preference))


@st.composite
def leaning_homes(draw: st.DrawFn, *, sane: bool = True) -> Problem:
    """Return a random home that has chosen anything."""
    return leaning(draw(homes(sane=sane)), *draw(st.sampled_from(CHOICES)))

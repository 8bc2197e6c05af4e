"""Load: what the home will consume, from its own past and a little of what other homes taught."""

from .forecaster import LoadForecaster

__all__ = ["LoadForecaster"]

"""The time axis: steps of any width, aligned to the clock, fine now and coarse later."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from .errors import PlanError

type Floats = NDArray[np.float64]
type Bools = NDArray[np.bool_]

MINUTE_S = 60
# Design §10: 12 × 5 min, then 15 min to 24 h, then 1 h to 48 h. The near hour is fine because setpoints come
# from it; beyond a day neither price nor weather knows quarter-hours.
LIVE_TIERS: tuple[tuple[float, int], ...] = ((1, 5), (24, 15), (48, 60))


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """Consecutive time steps.

    Attributes
    ----------
    edges_s : Step boundaries, seconds since the epoch (UTC), increasing, shape (n + 1,). [s]
    """

    edges_s: Floats

    def __post_init__(self) -> None:
        """Refuse an axis that runs backwards, and freeze it."""
        edges = np.asarray(self.edges_s, dtype=np.float64)
        _check_forward(edges)
        edges.flags.writeable = False
        object.__setattr__(self, "edges_s", edges)

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.edges_s) - 1

    @property
    def starts_s(self) -> Floats:
        """Start of each step, shape (n,). [s since epoch, UTC]."""
        return self.edges_s[:-1]

    @property
    def hours(self) -> Floats:
        """Width of each step, shape (n,). [h]."""
        return np.diff(self.edges_s) / 3600

    @property
    def starts(self) -> list[datetime]:
        """Start of each step as aware UTC datetimes."""
        return [datetime.fromtimestamp(s, UTC) for s in self.starts_s]

    @property
    def end(self) -> datetime:
        """End of the last step."""
        return datetime.fromtimestamp(self.edges_s[-1], UTC)

    def index_at(self, instant_s: float) -> int:
        """Return the step that holds an instant, clipped to the axis."""
        return int(np.clip(np.searchsorted(self.edges_s, instant_s, side="right") - 1, 0, len(self) - 1))

    def mean_of(self, starts_s: Floats, values: Floats) -> Floats:
        """Resample a step function (value holds from its start to the next start) to the mean over each step.

        Parameters
        ----------
        starts_s : Starts of the source's intervals, increasing, shape (m,). [s]
        values : Source values, shape (m,). NaN marks a gap and makes every step it touches NaN.

        Returns
        -------
        Means, shape (n,). Before the first start the result is NaN; the last value holds for ever,
        so a series with an end closes with a NaN.
        """
        source = np.asarray(starts_s, dtype=np.float64)
        values = np.asarray(values, dtype=np.float64)
        knots = np.union1d(np.clip(source, self.edges_s[0], self.edges_s[-1]), self.edges_s)
        index = np.searchsorted(source, knots[:-1], side="right") - 1
        piece = np.where(index >= 0, values[np.maximum(index, 0)], np.nan)
        owner = np.searchsorted(self.edges_s, knots[:-1], side="right") - 1
        total = np.zeros(len(self))
        np.add.at(total, owner, piece * np.diff(knots))
        return total / (self.hours * 3600)


def _check_forward(edges: Floats) -> None:
    rises = (
        np.isfinite(edges[1:]) & np.isfinite(edges[:-1]) & (np.diff(edges) > 0) if edges.ndim == 1 else None
    )
    if rises is None or not len(rises) or not np.all(rises):
        at = "the start" if rises is None or not len(rises) else f"value {int(np.argmin(rises)) + 1}"
        raise PlanError("unsorted_times", field="edges_s", at=at)


def tiered_steps(now_s: float, tiers: tuple[tuple[float, int], ...] = LIVE_TIERS) -> Steps:
    """Return the live axis: it begins at the clock-aligned step that holds `now_s`.

    Parameters
    ----------
    now_s : Now. [s since epoch]
    tiers : Pairs (reach from the start [h], step [min]); each tier begins on a multiple of its own step.

    Notes
    -----
    The first edge is rounded down to the first tier's step, so index 0 is the running step.
    """
    widths = [minutes * MINUTE_S for _, minutes in tiers]
    start = now_s // widths[0] * widths[0]
    edges, at = [np.array([start])], start
    for (reach_h, _), width, following in zip(tiers, widths, [*widths[1:], widths[-1]], strict=True):
        # Finish on a multiple of the next width with a few more short steps rather than start it askew.
        end = -(-(start + reach_h * 3600) // following) * following
        edges.append(np.arange(at + width, end + width / 2, width))
        at = end
    return Steps(edges_s=np.concatenate(edges))


def even_steps(start_s: float, hours: float, minutes: float) -> Steps:
    """Return steps of one width, for benchmarks and tests."""
    width = minutes * MINUTE_S
    return Steps(edges_s=start_s + width * np.arange(round(hours * 3600 / width) + 1, dtype=np.float64))

"""The load forecaster on measured homes, walk-forward, against "the same as yesterday"."""

import csv
from datetime import UTC, date, datetime, timedelta
import gzip
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from custom_components.ems.engine.forecast.load import LoadForecaster
from custom_components.ems.engine.steps import Steps

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "load"
HISTORY_DAYS = 120
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")


def read(home: str, width_s: int):
    with gzip.open(DATA / f"{home}.csv.gz", "rt") as file:
        rows = csv.DictReader(file)
        pairs = [(row["timestamp_utc"].rstrip("Z"), row["load_kwh"]) for row in rows]
    stamps = np.array([np.datetime64(stamp, "s") for stamp, _ in pairs]).astype(float)
    return stamps, np.array([float(kwh) * 3600 / width_s if kwh else np.nan for _, kwh in pairs])


def walk_forward(home: str, zone: ZoneInfo, width_s: int, test_days: int = 60):
    """Yield truth, forecast and yesterday for the last days, each issued at local midnight."""
    stamps, kw = read(home, width_s)
    truth = Steps(edges_s=np.append(stamps, stamps[-1] + width_s))
    last = datetime.fromtimestamp(truth.edges_s[-1], zone).date()
    forecaster = LoadForecaster(zone)
    seen = int(np.searchsorted(stamps, stamps[-1] - (test_days + HISTORY_DAYS) * 86400))
    for day in (last - timedelta(days=n) for n in range(test_days, 0, -1)):
        midnight = datetime.combine(day, datetime.min.time(), zone).timestamp()
        upto = int(np.searchsorted(stamps, midnight))
        forecaster.learn(stamps[seen:upto], kw[seen:upto], interval_s=width_s)
        seen = upto
        steps = Steps(edges_s=midnight + 3600 * np.arange(25))
        before = Steps(edges_s=steps.edges_s - 86400)
        yield steps.mean_of(stamps, kw), forecaster.forecast(midnight, steps), before.mean_of(stamps, kw)


@pytest.mark.parametrize(
    ("home", "zone", "width_s"),
    [("s_au_05", "Etc/GMT-10", 1800), ("s_de_01", "Europe/Berlin", 3600)],
)
def test_it_beats_yesterday_and_knows_how_sure_it_is(home, zone, width_s):
    """One half-hourly, one with clock changes; limits leave room for the choice of 60 days and 120 to learn from."""
    days = list(walk_forward(home, ZoneInfo(zone), width_s))
    truth, mean, yesterday, p10, p90 = (
        np.concatenate(part) for part in zip(*((t, f.mean, y, f.p10, f.p90) for t, f, y in days), strict=True)
    )
    ok = np.isfinite(truth) & np.isfinite(yesterday)
    error, naive = (truth - mean)[ok], (truth - yesterday)[ok]
    assert np.abs(error).mean() < 0.9 * np.abs(naive).mean()
    assert np.sqrt(np.mean(error**2)) < 0.85 * np.sqrt(np.mean(naive**2))
    assert abs(error.mean()) < 0.25 * truth[ok].mean()
    assert 0.7 < ((truth >= p10) & (truth <= p90))[ok].mean() < 0.9


def test_the_shared_homes_have_the_dates_their_table_says():
    """The walk above must not run on an empty tail."""
    stamps, kw = read("s_de_01", 3600)
    assert datetime.fromtimestamp(stamps[0], UTC).date() == date(2015, 10, 11)
    assert np.isfinite(kw[-24 * 90 :]).mean() > 0.9

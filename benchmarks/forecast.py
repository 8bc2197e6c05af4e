"""Measure forecasts walk-forward on any folder laid out like ../shared/data: load/homes.csv, pv/sites.csv."""

import argparse
from importlib import import_module
from importlib.util import find_spec
import json
from pathlib import Path
import sys
from typing import Any, Final

from benchmarks import forecast_load

DATA: Final = Path(__file__).parents[1].parent / "shared" / "data"
_TABLE: Final = {
    "relative_mae": "rel.MAE",
    "relative_rmse": "rel.RMSE",
    "nrmse": "nRMSE",
    "bias": "bias",
    "daily_energy_relative_mae": "day",
    "coverage_p10_p90": "cover",
    "pinball": "pinball",
    "ratio_to_best_naive": "/naive",
    "first_weeks_relative_mae": "d29-45",
    "fit_s": "fit s",
    "forecast_s": "fcst s",
}


def main() -> None:
    """Run every home and every PV case, and print."""
    parser = argparse.ArgumentParser(prog="script/bench forecast", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of recorded homes and sites")
    parser.add_argument("--train", type=Path, help="folder with earlier years of the same ids")
    parser.add_argument("--export", type=Path, help="folder for every forecast, as ID.csv.gz")
    parser.add_argument("--workers", type=int, default=2, help="processes that share the homes")
    options = parser.parse_args()
    found = {"load": _load(options), "pv": _pv(options)}
    if options.json:
        print(json.dumps(found))


def _load(options: argparse.Namespace) -> dict[str, Any]:
    _say("home", _TABLE.values())
    series = {}
    for id_, scores in forecast_load.run(
        options.data, options.train, options.export, workers=options.workers
    ):
        series[id_] = scores
        _say(id_, (_shown(scores, key) for key in _TABLE))
    if not series:
        return {"series": {}, "median": {}, "bars": {}}
    middle = forecast_load.medians(series)
    _say("median", (_shown(middle, key) for key in _TABLE))
    bars = forecast_load.bars(series)
    print("  ".join(f"{key}={value}" for key, value in bars.items()), file=sys.stderr)
    return {"series": series, "median": middle, "bars": bars}


def _pv(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    if find_spec("benchmarks.forecast_pv") is None:
        return {}
    found: dict[str, dict[str, float]] = import_module("benchmarks.forecast_pv").run(
        options.data, options.train, options.export
    )
    for case, numbers in found.items():
        print(case, "  ".join(f"{key}={value}" for key, value in numbers.items()), file=sys.stderr)
    return found


def _shown(scores: dict[str, float], key: str) -> str:
    return f"{scores[key]:.3f}" if key in scores else "-"


def _say(name: str, cells: Any) -> None:
    print(f"{name:12s}" + "".join(f"{cell:>9s}" for cell in cells), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

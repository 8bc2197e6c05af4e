"""The engine: planning, forecasting, control.

Pure Python, numpy and HiGHS; it knows neither Home Assistant nor I/O.

Every noun that crosses its border is a frozen, keyword-only dataclass in kW, kWh, hours and currency/kWh.
Positive power flows into the home bus; consumers are counted positive as they consume.
"""

"""Coordinators: devices are polled, the site is summed up, forecasts and plans are made."""

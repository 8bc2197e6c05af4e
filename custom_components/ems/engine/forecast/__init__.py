"""Forecasters: they learn from history and answer with a mean and a band."""

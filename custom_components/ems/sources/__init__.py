"""Clients of price and weather services. They know neither Home Assistant nor the planner."""

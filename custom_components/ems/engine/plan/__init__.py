"""The planner: one linear program over all devices, solved in milliseconds, never infeasible, explained by its duals."""

"""The Home Assistant side, against the simulated home's real wires."""

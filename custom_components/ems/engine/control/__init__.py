"""Real-time control: what every device may do this second. Pure functions of a snapshot, a state and a clock."""

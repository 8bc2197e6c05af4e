"""A simulated home with real wires: physics behind Modbus and HTTP servers on loopback."""

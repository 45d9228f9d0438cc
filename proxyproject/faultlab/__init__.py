"""The fault lab: every fault of the simulator through the real server, expected against received."""

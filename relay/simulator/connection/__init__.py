"""HTTP as the simulator speaks it, byte for byte."""

"""What the simulator breaks on request, and how it is asked to."""

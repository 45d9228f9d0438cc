"""Real coding agents in scenes of an agent's day, on accounts of every kind: ``python -m tests.agents``."""

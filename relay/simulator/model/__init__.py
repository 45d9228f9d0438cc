"""What the simulated model says, in no dialect's words."""

"""What the monitor's templates need beyond Django's own tags."""

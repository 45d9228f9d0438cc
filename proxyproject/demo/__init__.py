"""What ``make demo`` is made of: a world to look at, and requests of which some are broken on purpose."""

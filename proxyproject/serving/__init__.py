"""daphne's server and what it lacks: channel, routing, workers, life cycle."""

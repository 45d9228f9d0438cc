"""What a client key has used of what it may: counted in memory or in Redis, in windows of time."""

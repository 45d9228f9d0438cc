"""Account kinds, groups, models and dialects, through the real server."""

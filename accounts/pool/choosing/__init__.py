"""Which account is asked: line-ups, homes of sessions, and the choice."""

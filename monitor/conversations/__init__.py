"""Conversations: what agents asked in one session, counted as it is stored, and read as a whole."""

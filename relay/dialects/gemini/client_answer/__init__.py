"""What the client is told, from events to bytes, streamed or whole. PURE."""

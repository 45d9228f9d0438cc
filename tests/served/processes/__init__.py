"""The server as processes: how they start, work side by side, lose their store, and end."""

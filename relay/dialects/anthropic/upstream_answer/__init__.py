"""What upstream answers, from its bytes to events. PURE."""

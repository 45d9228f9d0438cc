"""Who asks: the conversation, the agent and the client of a request, from what clients document. PURE."""

"""OpenAI Responses: typed items and typed events, served without storing anything."""

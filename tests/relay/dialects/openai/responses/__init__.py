"""OpenAI's Responses alone."""

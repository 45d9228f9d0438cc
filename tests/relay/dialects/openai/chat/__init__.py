"""OpenAI's chat completions alone."""

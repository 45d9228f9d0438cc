"""OpenAI chat completions and responses, as the simulator speaks them."""

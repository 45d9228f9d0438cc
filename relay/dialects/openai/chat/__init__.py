"""OpenAI chat completions: the form that every compatible server speaks."""

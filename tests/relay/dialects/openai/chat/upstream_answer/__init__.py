"""What upstreams answer to chat completions."""

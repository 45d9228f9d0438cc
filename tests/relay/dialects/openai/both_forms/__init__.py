"""Chat completions and Responses side by side, where they do alike."""

"""What holds on every page in a browser: its look, language, frame and policy, and who can use it."""

"""What is known of each model: shipped, and the operator's words over it."""

"""From an empty installation to the first real answer: the first login, and the steps behind it."""

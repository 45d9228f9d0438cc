"""The processes of one installation: who lives, and what they tell each other."""

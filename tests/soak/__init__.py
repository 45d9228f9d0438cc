"""The soak campaign: thousands of exchanges with every fault at random positions, and nothing lost."""

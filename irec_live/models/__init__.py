"""Models: what a file promises, whether it may be trusted, and how its network is run."""

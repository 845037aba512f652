"""Front ends, networks, training."""

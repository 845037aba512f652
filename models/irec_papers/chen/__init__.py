"""Chen, Ghobakhlou and Narayanan: one classifier for every instrument."""

"""Chen, Ghobakhlou and Narayanan: one binary classifier for every instrument (one-vs-all)."""

"""Neuroment, Häusler and Maier, 2022: envelopes of every instrument."""

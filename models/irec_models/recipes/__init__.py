"""Recipes: one TOML file holds the whole configuration of a training."""

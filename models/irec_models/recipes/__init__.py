"""Recipes: one TOML file says all that makes a model."""

"""Experiments: studies of a recipe over many trainings."""

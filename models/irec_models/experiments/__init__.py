"""Experiments: questions about recipes that take many trainings."""

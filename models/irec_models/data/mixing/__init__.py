"""Mixing: clips become phrases, phrases become mixtures whose every stem is known."""

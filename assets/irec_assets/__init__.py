"""Bundled data: models, icons and demo audio."""

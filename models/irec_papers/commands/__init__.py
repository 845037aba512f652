"""Commands that the published systems add to ``irec-train``."""

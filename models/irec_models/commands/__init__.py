"""Commands of ``irec-train`` that fill a file each; `irec_models.cli` has the rest."""

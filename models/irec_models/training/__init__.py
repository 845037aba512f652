"""Training: the loop, validation, runs on disk, initial weights and distillation."""

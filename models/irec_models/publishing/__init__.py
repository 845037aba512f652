"""Publishing: decisions, scores and a card for a trained network."""

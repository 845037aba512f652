"""Checkpoints with random weights, and small networks that recipes can name; see `network_fixtures`."""

from network_fixtures import (
    exporter_reads_its_operators_once,
    one_torch_thread,
    small_architectures,
    small_checkpoint,
    small_envelope_checkpoint,
)

__all__ = [
    "exporter_reads_its_operators_once",
    "one_torch_thread",
    "small_architectures",
    "small_checkpoint",
    "small_envelope_checkpoint",
]

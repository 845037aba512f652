"""Checkpoints with random weights, and small networks that recipes can name; see `network_fixtures`."""

from network_fixtures import (
    context_file,
    exporter_reads_its_operators_once,
    one_torch_thread,
    small_architectures,
    small_checkpoint,
    small_envelope_checkpoint,
    windows_file,
)

__all__ = [
    "context_file",
    "exporter_reads_its_operators_once",
    "one_torch_thread",
    "small_architectures",
    "small_checkpoint",
    "small_envelope_checkpoint",
    "windows_file",
]

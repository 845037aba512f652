"""Corrections: what a person says about the events of a file or of a recorded session.

::

    detections --apply--> events as corrected          `Corrections`, a value; every change makes another one
    corrections.json, or NAME.irec-corrections.json    `store`: beside the sound, written whole at every change
    clips and manifest.csv                             `labels`: what `irec-train` reads

Only the values are imported here: the window needs them before anything else is loaded.
"""

from irec_live.corrections.model import Correction, Corrections, Span

__all__ = ["Correction", "Corrections", "Span"]

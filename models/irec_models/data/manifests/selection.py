"""Clip selection: the clips of some data folders by split, source and label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from irec_live.errors import DataError
from irec_models.data.manifests.labels import LABELS, truth_of
from irec_models.data.manifests.manifest import Clip, DataFolders


@dataclass(frozen=True, slots=True)
class ClipSelection:
    """Clips of data folders, and the labels that they are used for.

    Attributes
    ----------
    folders : DataFolders
    split : str or None
        None for all.
    sources : tuple of str
        Only these; empty for all.
    hold_out : tuple of str
        Sources that are left out.
    labels : tuple of K str
    kinds : tuple of str
        Only clips of these kinds; empty for all.
    """

    folders: DataFolders
    split: str | None = "train"
    sources: tuple[str, ...] = ()
    hold_out: tuple[str, ...] = ()
    labels: tuple[str, ...] = LABELS
    kinds: tuple[str, ...] = ()

    def __contains__(self, clip: Clip) -> bool:
        return (
            (self.split is None or clip.split == self.split)
            and (not self.sources or clip.source in self.sources)
            and clip.source not in self.hold_out
            and (not self.kinds or clip.kind in self.kinds)
        )

    @property
    def clips(self) -> list[Clip]:
        """Their rows, in the manifests' order; may be empty.

        Raises
        ------
        DataError
            A folder or manifest is wrong.
        """
        return [clip for clip in self.folders.clips if clip in self]

    def of(self, labels: Sequence[str]) -> ClipSelection:
        """The same clips, for other labels."""
        return replace(self, labels=tuple(labels))

    def has_stems(self) -> bool:
        """Whether anything can be mixed; from the manifests alone, nothing is decoded.

        Music with accompaniment, as all of IRMAS and OpenMIC, is no stem.
        """
        return any(clip.stem and clip.labels != ("noise",) for clip in self.clips)

    def check_labels(self, model: str) -> None:
        """Check that some clip has one of the labels, if there are clips at all.

        Raises
        ------
        DataError
            None has.
        """
        clips = self.clips
        if clips and not any(truth_of(clip.labels, clip.origin, self.labels, clip.unknown).present for clip in clips):
            raise DataError(
                f"no clip of split '{self.split}' with the chosen sources has one of the labels of '{model}': "
                f"{', '.join(self.labels)}"
            )

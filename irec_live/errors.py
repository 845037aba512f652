"""Exception hierarchy: errors that a user can meet, as one small tree.

::

    IrecError                 catch this to catch them all; str(error) is one clear sentence
    ├── DeviceError           no PortAudio, no such device, device lost or refused
    ├── MediaError            not audio, truncated, empty, unreadable, too long for what was asked
    ├── ModelError            not an ONNX model, no metadata, metadata that does not fit the network
    ├── OutputError           a folder or file that cannot be written
    ├── ClusterError          a cluster that cannot be reached, or was lost
    ├── LibraryError          a library of recordings that is missing, in use, damaged or of another version
    ├── QueryError            a search that is not understood; says where
    ├── DataError             a data set, manifest or checksum that is missing or wrong
    ├── RecipeError           a training recipe with an unknown key or an impossible value
    ├── CheckpointError       a checkpoint that is unsafe, broken or of another architecture
    ├── ExportError           an exported network that does not agree with its checkpoint
    └── MissingExtraError     a package that an optional part needs is not installed

Programming errors (a negative length, a wrong shape) are ``ValueError`` and not part of this tree.
"""

from __future__ import annotations


class IrecError(Exception):
    """Base of all errors that a user, rather than a programmer, can meet."""


def sentence_of(error: BaseException) -> str:
    """What to tell a user of any error: an `IrecError` speaks for itself, the type of others says what went wrong.

    Examples
    --------
    >>> sentence_of(IrecError("the disk is full")), sentence_of(KeyError("x"))
    ('the disk is full', "KeyError: 'x'")
    """
    return str(error) if isinstance(error, IrecError) else f"{type(error).__name__}: {error}"


class DeviceError(IrecError):
    """An audio device is missing, busy, lost, or cannot do what was asked."""


class MediaError(IrecError):
    """An audio file cannot be decoded or contains nothing to analyse."""


class ModelError(IrecError):
    """A model file cannot be used: it is not ONNX, has no metadata, or does not match its metadata."""


class OutputError(IrecError):
    """A result cannot be written to the requested place."""


class ClusterError(IrecError):
    """A cluster cannot be reached, or was lost."""


class LibraryError(IrecError):
    """A library of recordings is missing, in use by another process, damaged, or of another version."""


class QueryError(IrecError):
    """A search of a library is not understood.

    Parameters
    ----------
    reason : str
        One sentence.
    position : int
        Index of the character at fault.
    """

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.position = position


class DataError(IrecError):
    """A data set, its manifest or one of its files is missing or wrong."""


class RecipeError(IrecError):
    """A training recipe has an unknown key or an impossible value."""


class CheckpointError(IrecError):
    """A training checkpoint is unsafe, broken or of another architecture."""


class ExportError(IrecError):
    """A network could not be converted, or the converted one disagrees with its original."""


class MissingExtraError(IrecError):
    """An optional dependency is not installed.

    Parameters
    ----------
    package : str
        The package that could not be imported.
    extra : str
        The extra of this distribution that installs it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'irec-live[{extra}]'")
        self.package = package
        self.extra = extra

"""Single files from public git repositories by the git command: no history, and no other files (partial clone)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from irec_live.errors import DataError

_SETTINGS = {
    "core.autocrlf": "false",
    "core.hooksPath": os.devnull,
    "core.symlinks": "false",  # a link could lead out of the repository
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
}


class Repository:
    """One commit of a public repository, in a folder of its own.

    Parameters
    ----------
    address : str
        What ``git fetch`` takes.
    folder : Path
        To check files out into.

    Raises
    ------
    DataError
        Git is not installed or cannot make the folder.
    """

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.folder = folder
        if not (folder / ".git").is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet")
            self._git("remote", "add", "origin", address)
            # A partial clone: without these, a checkout would not know where to get what it lacks.
            self._git("config", "remote.origin.promisor", "true")
            self._git("config", "remote.origin.partialclonefilter", "blob:none")

    def fetch(self, commit: str = "") -> str:
        """Fetch the folders, not the files, of one commit; the newest of the default branch if none is named.

        Returns
        -------
        str
            The commit, 40 hex digits.

        Raises
        ------
        DataError
            The repository cannot be reached or has no such commit.
        """
        self._git("fetch", "--quiet", "--depth=1", "--no-tags", "--filter=blob:none", "origin", commit or "HEAD")
        return self._git("rev-parse", "FETCH_HEAD").strip()

    def present(self, paths: Sequence[str]) -> dict[str, str]:
        """Which of these paths the fetched commit has, each with its name there, which may be spelt with %20."""
        there = set(self._git("ls-tree", "-r", "-z", "--name-only", "FETCH_HEAD").split("\0"))
        found: dict[str, str] = {}
        for path in paths:
            name = next((name for name in (path, unquote(path)) if name in there), None)
            if name is not None:
                found[path] = name
        return found

    def check_out(self, names: Sequence[str]) -> None:
        """Get files of the fetched commit.

        Raises
        ------
        DataError
            The repository cannot be reached.
        """
        if names:
            arguments = ("checkout", "--quiet", "FETCH_HEAD", "--pathspec-from-file=-", "--pathspec-file-nul")
            self._git("--literal-pathspecs", *arguments, given="\0".join(names))

    def _git(self, *arguments: str, given: str = "") -> str:
        settings = [word for key, value in _SETTINGS.items() for word in ("-c", f"{key}={value}")]
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                ["git", *settings, *arguments],
                cwd=self.folder,
                env=environment,
                input=os.fsencode(given),
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise DataError("the command git cannot be run; install git and try again") from error
        if done.returncode != 0:
            lines = [line for line in os.fsdecode(done.stderr).splitlines() if line.strip()]
            said = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else "")
            raise DataError(f"git {arguments[0].lstrip('-')} of {self.address} failed: {said or done.returncode}")
        return os.fsdecode(done.stdout)

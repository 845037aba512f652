"""Uploaded files: the form that carries one, and the name it is kept by."""

from __future__ import annotations

import re
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from irec_live.web.error_responses import Refused

_LONGEST_NAME = 60  # characters of up to four bytes, of which file systems take 255
_MOST_FIELDS = 8  # of a form; one is needed
_SEND_A_FILE = "send the audio as a file in the form's field 'file', as curl -F file=@song.flac does"

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "sound or video, of any format"}
                    },
                }
            }
        },
    }
}
"""What OpenAPI says of it."""


async def sent_file(request: Request) -> UploadFile:
    """The form's file. Read here rather than by a parameter, which would take a thousand files.

    Raises
    ------
    Refused
        There is none, or the form is malformed.
    """
    try:
        form = await request.form(max_files=1, max_fields=_MOST_FIELDS)
    except HTTPException as error:
        raise Refused(400, f"the form is not understood ({error.detail.rstrip('.')}); {_SEND_A_FILE}") from error
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        await form.close()
        raise Refused(422, _SEND_A_FILE)
    return upload


def safe_name(name: str) -> str:
    """A file name of one part that any file system takes, from whatever a client calls its file.

    Examples
    --------
    >>> safe_name("../../etc/passwd"), safe_name("C:\\\\music\\\\song.flac"), safe_name("..")
    ('passwd', 'song.flac', 'upload')
    """
    last = re.split(r"[/\\]", name)[-1]
    last = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", last).strip(" .")
    stem, dot, suffix = last.rpartition(".")
    if len(last) > _LONGEST_NAME:
        last = stem[: _LONGEST_NAME - 10] + dot + suffix[:9]
    return last or "upload"

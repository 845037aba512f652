"""Coverage-guided fuzzing of the walk through an ``.onnx`` file, with Atheris (Linux and macOS).

    python -m venv /tmp/atheris && /tmp/atheris/bin/pip install atheris numpy pydantic
    PYTHONPATH=.:assets /tmp/atheris/bin/python tests/support/fuzz_metadata.py SEEDS -max_total_time=60

SEEDS is a folder of files to begin with, to which what is found is added: copies of bundled models of some kB, or those
of `tiny_models`. Only `ModelError` may come, in one line; whatever else is a crash, and Atheris writes the bytes that
caused it into a file.
"""

from __future__ import annotations

import contextlib
import sys


def main() -> None:
    """Fuzz until told to stop; needs Atheris, which the tests do without."""
    try:
        import atheris
    except ImportError:
        sys.exit("Atheris is not installed; the beginning of this file says how to run it in an environment of its own")
    with atheris.instrument_imports(include=["irec_live"]):
        from irec_live.errors import ModelError
        from irec_live.models.onnx_file import inspect_model
        from irec_live.models.protobuf import MalformedError, WireReader
        from irec_live.models.spec import ModelSpec

    def walk(data: bytes) -> None:
        # What a model says of itself, and every field of its outermost message.
        reader = WireReader(data, budget=10_000)
        with contextlib.suppress(MalformedError):
            for _, _, span in reader.fields((0, len(data))):
                if span is not None and not 0 <= span[0] <= span[1] <= len(data):
                    raise AssertionError(f"a field from {span[0]} to {span[1]} in {len(data)} bytes")
        try:
            ModelSpec.from_metadata(inspect_model(data, "fuzz.onnx").metadata, "fuzz.onnx")
        except ModelError as error:
            if "\n" in str(error) or not str(error):
                raise AssertionError(f"the sentence is {str(error)!r}") from error

    atheris.Setup(sys.argv, walk)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

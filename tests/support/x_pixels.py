"""Read pixels off an X screen, as a camera in front of it would see them. Plain Xlib through ctypes."""

from __future__ import annotations

import ctypes
import ctypes.util

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

_Z_PIXMAP = 2
_ALL_PLANES = ctypes.c_ulong(~0)


class _Image(ctypes.Structure):
    """The head of Xlib's ``XImage``."""

    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_ubyte)),
        ("byte_order", ctypes.c_int),
        ("bitmap_unit", ctypes.c_int),
        ("bitmap_bit_order", ctypes.c_int),
        ("bitmap_pad", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int),
        ("bits_per_pixel", ctypes.c_int),
    )


class Screen:
    """The root window of a display, such as ``:99``. One thread.

    Raises
    ------
    RuntimeError
        Xlib is missing, or the display does not answer.
    """

    def __init__(self, display: str) -> None:
        library = ctypes.util.find_library("X11")
        if library is None:
            raise RuntimeError("libX11 is missing; install libx11-6")
        self._x = ctypes.CDLL(library)
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XDefaultRootWindow.argtypes = (ctypes.c_void_p,)
        self._x.XDefaultRootWindow.restype = ctypes.c_ulong
        self._x.XGetImage.restype = ctypes.POINTER(_Image)
        self._x.XGetImage.argtypes = (
            *(ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_ulong, ctypes.c_int),
        )
        self._x.XDestroyImage.argtypes = (ctypes.POINTER(_Image),)
        self._x.XCloseDisplay.argtypes = (ctypes.c_void_p,)
        self._display = self._x.XOpenDisplay(display.encode())
        if not self._display:
            raise RuntimeError(f"the display {display} does not answer")
        self._root = self._x.XDefaultRootWindow(self._display)

    def pixels(self, x: int, y: int, width: int, height: int) -> Pixels:
        """A rectangle, (height, width, 3) uint8."""
        image = self._x.XGetImage(self._display, self._root, x, y, width, height, _ALL_PLANES, _Z_PIXMAP)
        if not image:
            raise RuntimeError(f"no picture of {width} x {height} at {x}, {y}")
        head = image.contents
        rows = np.ctypeslib.as_array(head.data, (head.height * head.bytes_per_line,)).reshape(head.height, -1)
        copy: Pixels = rows[:, : 4 * head.width].reshape(head.height, head.width, 4)[:, :, :3].copy()
        self._x.XDestroyImage(image)
        return copy

    def close(self) -> None:
        """Hang up."""
        self._x.XCloseDisplay(self._display)

"""Rendering: SoundFonts and scores become data folders."""

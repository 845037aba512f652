"""A click group whose further commands come from plugins, each imported only when it is called."""

from __future__ import annotations

from typing import Any

import click

from irec_models.plugins import load, plugins


class PluginGroup(click.Group):
    """A group that plugins may add commands to.

    Parameters
    ----------
    words : str
        What stands before a command's own name in `irec_models.plugins.Plugin.commands`; empty for the outermost group.
    """

    def __init__(self, *args: Any, words: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        prefix = f"{words} " if words else ""
        self._places = {
            name.removeprefix(prefix): place
            for plugin in plugins()
            for name, place in plugin.commands.items()
            if name.startswith(prefix) and " " not in name.removeprefix(prefix)
        }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, those of plugins among them."""
        return sorted({*super().list_commands(ctx), *self._places})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command by its name."""
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in self._places:
            return own
        command: click.Command = load(self._places[cmd_name])
        return command

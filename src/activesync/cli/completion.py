"""The command that has a shell complete commands and options."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_ACTIVESYNC_COMPLETE"


@click.command(
    epilog="""\b
Examples:
  activesync completion bash > ~/.local/share/bash-completion/completions/activesync
  activesync completion zsh > ~/.zfunc/_activesync     # with ~/.zfunc in $fpath
  activesync completion fish > ~/.config/fish/completions/activesync.fish
  eval "$(activesync completion bash)"                 # in this shell alone"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete the commands, options and values of this program."""
    kind: Any = get_completion_class(shell)
    # Its source() asks the machine's own bash for its version, which need not be the one that this is for.
    made = kind(context.find_root().command, {}, "activesync", _VARIABLE)
    click.echo(made.source_template % made.source_vars())


__all__ = ["completion"]

"""``pyca completion``: let the shell complete commands and options."""

import click

from pyca.cli.options import Command


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that makes SHELL complete pyca's commands.

    For bash: pyca completion bash > ~/.local/share/bash-completion/completions/pyca
    """
    from click.shell_completion import get_completion_class

    maker = get_completion_class(shell)
    if maker is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(maker(context.find_root().command, {}, "pyca", "_PYCA_COMPLETE").source())

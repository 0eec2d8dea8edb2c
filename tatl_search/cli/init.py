"""The verb that writes a settings file for images that are at hand."""

import typer

from tatl_search.cli.options import Overrides, SpaceName, messages
from tatl_search.errors import InputError


def init(space: SpaceName, overrides: Overrides = None) -> None:
    """Look at your images and write a search space for them, with comments, to standard output.

    The file says what was found and holds all that `sweep` would do with the same images, to be
    read and changed. Nothing of them is packed or trained.

    ```
    tatl-search init ./images > my_task.yaml
    tatl-search init digits
    ```
    """
    from tatl_search.newcomer.commented import commented
    from tatl_search.newcomer.opening import open_space
    from tatl_search.newcomer.words import found

    opened = open_space(space, overrides or [])
    if opened.facts is None:
        raise InputError(
            f"{space} says already how networks are adapted; init writes what follows from images"
        )
    head = [
        *found(opened.facts),
        "",
        "What follows is decided by these images, to be read and changed. Check it before it runs:",
        "",
        "  tatl-search validate my_task.yaml",
        "  tatl-search sweep my_task.yaml --dry-run",
        "  tatl-search sweep my_task.yaml",
        "",
        "Any value may be a distribution, which makes it a dimension of the search:",
        "{low: 1, high: 8}, {low: 0.01, high: 1.0, log: true}, {choices: [16, 32]}.",
    ]
    typer.echo(commented(opened.space.raw, head), nl=False)
    messages.print(f"tatl-search data check {space} opens all images and names what is wrong")

"""The verbs of `tatl-search`, put together."""

import typer

from tatl_search.cli import choosing, doctor, running

app = typer.Typer(
    name="tatl-search",
    help="Find the networks that fit your images best: sweep, look at the front, pick, deploy.",
    epilog="Start with: tatl-search sweep search_spaces/quickstart.yaml",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    running.sweep,
    running.resume,
    running.status,
    running.adapt,
    choosing.front,
    choosing.pick,
    running.validate,
    doctor.doctor,
):
    app.command()(verb)

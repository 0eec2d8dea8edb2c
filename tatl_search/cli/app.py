"""The verbs of `tatl-search`, put together."""

import typer

from tatl_search.cli import (
    choosing,
    compare,
    confirm,
    dashboard,
    data,
    doctor,
    fetch,
    finish,
    init,
    judge,
    latency,
    methods,
    plot,
    report,
    running,
    settings,
    stages,
    submit,
    verify,
)

HELP = """Find the networks that fit your images best: sweep, look at the front, pick, deploy.

Start with the example that needs nothing but this product, then with a folder of your images:

```
tatl-search sweep quickstart --name first
tatl-search front sweeps/first
tatl-search pick sweeps/first --export my-network
tatl-search sweep ./images
```

Exit codes: 0 done, 2 bad input (nothing was started), 1 it failed (what was finished is kept).
"""

app = typer.Typer(
    name="tatl-search",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    init.init,
    running.sweep,
    running.resume,
    running.status,
    submit.submit,
    fetch.fetch,
    running.adapt,
    choosing.front,
    choosing.pick,
    verify.verify,
    latency.latency,
    finish.finish,
    report.report,
    plot.plot,
    compare.compare,
    dashboard.dashboard,
    confirm.confirm,
    judge.judge,
    running.validate,
    methods.methods,
    settings.settings,
    doctor.doctor,
):
    app.command()(verb)
app.add_typer(data.app, name="data")
app.add_typer(stages.app, name="stages")

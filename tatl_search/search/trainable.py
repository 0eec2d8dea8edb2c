"""The function that Ray Tune's workers run."""

import traceback
from typing import Any

from ray import tune

from tatl_search.errors import StorageError
from tatl_search.search.work import Event, WorkItem
from tatl_search.search.worker import figures, run_item


def run_work(config: dict[str, Any]) -> None:
    """Run one piece of work inside a Ray Tune worker, reporting every candidate and the end."""
    item = WorkItem.model_validate(config["item"])
    try:
        tune.report(run_item(item, lambda record: tune.report(figures(record, Event.CANDIDATE))))
    except StorageError as error:
        tune.report({"event": Event.STORAGE_ERROR.value, "detail": str(error)})
    except Exception as error:  # noqa: BLE001 - the driver decides whether to try again
        traceback.print_exc()
        tune.report({"event": Event.FAILED.value, "detail": f"{type(error).__name__}: {error}"})

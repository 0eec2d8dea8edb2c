"""The dashboard shows a sweep's study over HTTP, also one being written, and changes nothing."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import optuna
import pytest

from tatl_search.errors import InputError
from tatl_search.figures import ACCURACY, MACS
from tatl_search.manifest import SweepFolder
from tatl_search.search.dashboard import dashboard_server
from tatl_search.search.journal import open_journal
from tests.results.conftest import manifest


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    """Return a sweep's folder whose study holds one trial and an entry that is being written."""
    made = SweepFolder(tmp_path)
    made.manifest.write_text(manifest("made", [ACCURACY, MACS]).to_yaml())
    journal = open_journal(made.journal)
    study = optuna.create_study(
        storage=journal, study_name="made", directions=["maximize", "minimize"]
    )
    study.add_trial(optuna.trial.create_trial(values=[0.9, 1e6]))
    journal.flush()
    with made.journal.open("ab") as file:
        file.write(b'{"op_code":4,"worker')
    return made


@contextmanager
def served(folder: SweepFolder) -> Iterator[str]:
    with dashboard_server(folder, 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def get(address: str) -> bytes:
    answer: HTTPResponse
    with urlopen(address) as answer:
        return answer.read()


def test_the_study_is_shown_and_left_as_it_is(
    folder: SweepFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    before = folder.journal.read_bytes()
    with served(folder) as address:
        (study,) = json.loads(get(f"{address}/api/studies"))["study_summaries"]
        assert (study["study_name"], study["directions"]) == ("made", ["maximize", "minimize"])
        (trial,) = json.loads(get(f"{address}/api/studies/{study['study_id']}"))["trials"]
        assert trial["values"] == [0.9, 1e6]
        assert b"Optuna Dashboard" in get(f"{address}/dashboard")
        for method in ("DELETE", "POST", "PUT"):
            with pytest.raises(HTTPError) as refused:
                urlopen(Request(f"{address}/api/studies/0", data=b"{}", method=method))
            assert refused.value.code == 403
            refused.value.close()
    assert folder.journal.read_bytes() == before
    assert sorted(path.name for path in folder.root.iterdir()) == ["study.journal", "sweep.yaml"]
    assert capfd.readouterr().err == ""


def test_what_cannot_be_shown_is_said(folder: SweepFolder, tmp_path: Path) -> None:
    with (
        dashboard_server(folder, 0) as server,
        pytest.raises(InputError, match=r"cannot be listened on .* choose another with --port"),
    ):
        dashboard_server(folder, server.server_port)
    with pytest.raises(InputError, match="is no sweep"):
        dashboard_server(SweepFolder(tmp_path / "absent"), 0)
    folder.journal.unlink()
    with pytest.raises(InputError, match="has no study"):
        dashboard_server(folder, 0)


def test_without_the_extra_it_says_what_to_install(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)  # as if it were not installed
    with pytest.raises(InputError, match=r"pip install 'tatl-search\[dashboard\]'"):
        dashboard_server(folder, 0)

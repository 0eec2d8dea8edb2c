"""Optuna's dashboard over a sweep's study: on this machine only, and only to look at."""

from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.search.journal import view_journal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

LOOPBACK = "127.0.0.1"
HARMLESS = ("GET", "HEAD")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""


def dashboard_server(folder: SweepFolder, port: int) -> WSGIServer:
    """Return a server of Optuna's dashboard, listening on loopback; its caller lets it serve.

    It also shows a sweep that runs. It changes nothing: the numbers of a study's trials are what
    rows and stages go by.

    Args:
        folder: the sweep's.
        port: where it listens; 0 takes any free one.

    Raises:
        InputError: it is no sweep, it has no study, the dashboard is not installed, or the port
            is taken.
    """
    try:
        from optuna_dashboard import wsgi
    except ImportError as error:
        raise InputError(
            "Optuna's dashboard is not installed: pip install 'tatl-search[dashboard]'"
        ) from error
    SweepManifest.read(folder.root)
    if not folder.journal.is_file():
        raise InputError(f"{folder.root} has no study: settings were not searched in it")
    shown = _only_looking(wsgi(view_journal(folder.journal)))
    try:
        return make_server(LOOPBACK, port, shown, server_class=_Server, handler_class=_Quiet)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"port {port} cannot be listened on ({error}); choose another with --port"
        ) from error


def _only_looking(app: "WSGIApplication") -> "WSGIApplication":
    def guarded(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in HARMLESS:
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "application/json")])
        return [b'{"reason": "this dashboard only shows a sweep; nothing was changed"}']

    return guarded

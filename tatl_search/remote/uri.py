"""URIs of storage: told from paths, put together, and kept free of credentials."""

import re
from urllib.parse import parse_qsl, urlsplit

from tatl_search.errors import InputError

SCHEMES = ("s3", "gs", "file")

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SECRET = re.compile(r"key|secret|token|password|credential", re.IGNORECASE)
_ANONYMOUS = "anonymous"
"""The one user that is no secret: how `gs://` is told to read what is public."""


def is_uri(text: str) -> bool:
    """Whether this names a place by a scheme, such as `s3://`."""
    return _URI.match(text) is not None


def checked_uri(uri: str) -> str:
    """Return a URI of storage, of a known scheme and without credentials.

    Raises:
        InputError: it is none; what it holds of credentials is not repeated.
    """
    parts = urlsplit(uri)
    if parts.scheme not in SCHEMES:
        allowed = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise InputError(f"storage '{parts.scheme}://' is not known; write a path, or {allowed}")
    refuse_credentials(uri)
    return uri


def refuse_credentials(uri: str) -> None:
    """Raise InputError if a URI holds credentials, without repeating them."""
    parts = urlsplit(uri)
    asked = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    user = parts.username not in (None, _ANONYMOUS)
    if user or parts.password is not None or any(_SECRET.search(name) for name in asked):
        raise InputError(
            f"the {parts.scheme}:// URI holds credentials, and it would be stored."
            " Leave them to the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or"
            " GOOGLE_APPLICATION_CREDENTIALS), or to the machine's role"
        )


def below(uri: str, name: str) -> str:
    """Return the URI of what is called so under a URI; its options stay behind it."""
    parts = urlsplit(uri)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()


def last_name(uri: str) -> str:
    """Return the last part of a URI's path; empty where it has none."""
    return urlsplit(uri).path.rstrip("/").rpartition("/")[2]

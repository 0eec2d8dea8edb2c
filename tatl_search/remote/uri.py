"""URIs of storage: told from paths, put together, and kept free of credentials."""

import re
from urllib.parse import urlsplit

from tatl_search.errors import InputError
from tatl_search.redact import CREDENTIALS, holds_credentials

SCHEMES = ("s3", "gs", "file")

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


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
    if holds_credentials(uri):
        raise InputError(f"the {urlsplit(uri).scheme}:// URI {CREDENTIALS}")


def below(uri: str, name: str) -> str:
    """Return the URI of what is called so under a URI; its options stay behind it."""
    parts = urlsplit(uri)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()


def last_name(uri: str) -> str:
    """Return the last part of a URI's path; empty where it has none."""
    return urlsplit(uri).path.rstrip("/").rpartition("/")[2]

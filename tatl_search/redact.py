"""Credentials that addresses may hold: told from others, and left out for people and logs."""

import re
from urllib.parse import parse_qsl, urlsplit

CREDENTIALS = (
    "holds credentials, and it would be stored. Leave them to the environment (AWS_ACCESS_KEY_ID"
    " and AWS_SECRET_ACCESS_KEY, or GOOGLE_APPLICATION_CREDENTIALS), or to the machine's role"
)
"""What is wrong with such an address, and what to do instead."""

_SECRET = re.compile(r"key|secret|token|password|credential", re.IGNORECASE)
_ANONYMOUS = "anonymous"
"""The one user that is no secret: how `gs://` is told to read what is public."""

_USER = re.compile(r"(?<=://)[^/\s@]+@")
_QUERY = re.compile(
    r"(?i)([?&][^=&\s]*(?:key|secret|token|password|credential|signature)[^=&\s]*=)[^&\s'\"]+"
)


def without_credentials(text: str) -> str:
    """Return a text in which users, passwords and keys of all URIs are replaced by `***`.

    Example:
        >>> without_credentials("s3://me:secret@bucket/sweeps?access_key=abc&region=eu")
        's3://***@bucket/sweeps?access_key=***&region=eu'
    """
    return _QUERY.sub(r"\1***", _USER.sub("***@", text))


def holds_credentials(uri: str) -> bool:
    """Whether a URI names a user, a password or a key."""
    parts = urlsplit(uri)
    asked = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    user = parts.username not in (None, _ANONYMOUS)
    return user or parts.password is not None or any(map(_SECRET.search, asked))

"""Text for people and logs without the credentials that addresses may hold."""

import re

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

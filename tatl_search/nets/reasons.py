"""Why something failed, in one line for people."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its kind where it has none."""
    return str(error).strip().partition("\n")[0] or type(error).__name__

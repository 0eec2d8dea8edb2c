"""Errors, each class defined by what the one who catches it must do next."""

from enum import StrEnum


class TatlError(Exception):
    """Base of every error meant for a person: the message stands alone, no traceback needed."""


class InputError(TatlError):
    """What the user gave is wrong; nothing was started or written. Exit code 2."""


class StorageError(TatlError):
    """The sweep's folder cannot be read or written (full, read-only, damaged).

    Finished work is kept. Ends a command with exit code 1; mend the storage, then `resume`.
    """


class RunError(TatlError):
    """The work itself failed. Ends a command with exit code 1."""


class InfeasibleReason(StrEnum):
    """Why a setting led to no usable network. Values are stored: never remove one."""

    COLLAPSED = "collapsed"
    NAN_LOSS = "nan_loss"
    OUT_OF_MEMORY = "out_of_memory"
    WORKER_LOST = "worker_lost"
    FAILED = "failed"


class InfeasibleError(TatlError):
    """A setting that leads to no usable network: a result to record, not a crash to retry.

    The search tells it to the sampler as a violated constraint (design: a bad configuration is
    a result).
    """

    def __init__(self, reason: InfeasibleReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["InfeasibleError"], tuple[InfeasibleReason, str]]:
        """Rebuild from both arguments: Ray moves errors between processes."""
        return type(self), (self.reason, self.detail)

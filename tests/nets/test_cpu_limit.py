"""The limit on computing: it ends what swallows an interruption, and leaves nothing behind."""

import signal

import pytest

from tatl_search.nets.cpu_limit import TooLongError, cpu_limit


def test_who_goes_on_is_interrupted_again() -> None:
    swallowed = 0

    def endless() -> None:
        nonlocal swallowed
        while True:
            try:
                sum(range(1000))
            except TooLongError:
                swallowed += 1
                if swallowed == 2:
                    raise

    with pytest.raises(TooLongError), cpu_limit(0.05):
        endless()
    assert swallowed == 2
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is signal.SIG_DFL

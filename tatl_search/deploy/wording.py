"""How numbers read in sentences for people."""


def in_millions(count: float) -> str:
    """Return a count in millions, as in `12.3 M`; small counts keep enough digits to differ."""
    millions = count / 1e6
    return f"{millions:.1f} M" if abs(millions) >= 1 else f"{millions:.3f} M"


def points(difference: float) -> str:
    """Return a difference of two shares in signed percentage points, as in `-0.8 points`."""
    return f"{difference * 100:+.1f} points"


def percent_change(new: float, old: float) -> str:
    """Return the signed relative change from `old` to `new`, as in `-24 %`."""
    return f"{(new / old - 1) * 100:+.0f} %"

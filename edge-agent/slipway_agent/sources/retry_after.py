"""The header Retry-After, as servers that are overloaded or count requests send it."""

import time

_LONGEST = 3600.0  # seconds; a server must not be able to silence a device for good


def seconds(header: str) -> float:
    """How long to wait by `Retry-After`: seconds or a date; 0.0 if it tells neither."""
    if header.strip().isdigit():
        return min(float(header), _LONGEST)
    from email.utils import parsedate_to_datetime

    try:
        wait = parsedate_to_datetime(header).timestamp() - time.time()
    except ValueError:
        return 0.0
    return min(max(wait, 0.0), _LONGEST)

"""Waiting for what must come: if it does not, that is a failure, said by name."""
import time


def until(what, condition, seconds=60, pause=0.02):
    """What the condition gives, once that is something."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(pause)

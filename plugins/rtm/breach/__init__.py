"""Detection: which targets are missed at the clock, and what is wrong with the pipeline itself.

Reads marts, writes breaches and incidents. What is done about a breach is in `rtm.recovery`.
"""

from rtm.breach.detection import Detected, detect

__all__ = ["Detected", "detect"]

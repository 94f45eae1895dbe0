"""Detection: which targets are missed at the clock, and what is wrong with the pipeline itself.

Reads marts, writes breaches and incidents, and knows who must hear of a breach. What is done about
one is in `rtm.recovery`.
"""

from rtm.breach.detection import Detected, detect
from rtm.breach.recipients import recipients

__all__ = ["Detected", "detect", "recipients"]

"""The only writer of `raw`: takes delivered files in, each in one transaction, each row once.

Cells are stored as they were delivered. A cell that cannot be read sends its row to quarantine;
what a readable cell means is decided in the staging models, not here.
"""

from rtm.landing.arrivals import Arrival, list_landing, pending_arrivals
from rtm.landing.delivering import deliver
from rtm.landing.load import LandingReport, Trial, land_files, try_file
from rtm.landing.places import LandingError, Login, open_landing

__all__ = [
    "Arrival",
    "LandingError",
    "LandingReport",
    "Login",
    "Trial",
    "deliver",
    "land_files",
    "list_landing",
    "open_landing",
    "pending_arrivals",
    "try_file",
]

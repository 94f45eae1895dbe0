"""The static page holds all of it in one file, and asks nobody on the network for anything."""

from __future__ import annotations

import re

from rtm.cycle import System
from scripts.docs_page import write_page


def test_the_page_holds_every_table_and_its_readers_and_fetches_nothing(system: System):
    page = write_page(system)
    text = page.read_text(encoding="utf-8")
    assert page.is_relative_to(system.settings.home)
    for told in ("model.rtm.fct_scr_interval", "exposure.rtm.analysts", "Satu baris per layanan"):
        assert told in text
    # Types come from the database: the catalogue has been read.
    assert '"type": "double precision"' in text
    assert (
        re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?(?:https?:)?//", text) == []
    )
    assert '"send_anonymous_usage_stats": false' in text

"""What the tests of mails share."""

from __future__ import annotations

import pytest

from tests.notify.mailbox import open_mailbox


@pytest.fixture
def mailbox():
    with open_mailbox() as box:
        yield box

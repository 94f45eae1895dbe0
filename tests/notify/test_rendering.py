"""What a mail says, whatever stands in the data."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtm.notify.rendering import render

FACTS = {"kind": "stale_feed", "incident_subject": "call", "detail": "no file for 12 minutes"}


@given(subject=st.text(max_size=60), detail=st.text(max_size=200))
def test_no_data_can_break_a_header_or_the_page(subject: str, detail: str):
    mail = render("incident", {**FACTS, "incident_subject": subject, "detail": detail}, "id")
    assert len(mail.subject.splitlines()) == 1
    inside = mail.html.partition("<body")[2]
    tags = set(re.findall(r"<(/?\w+)", inside))
    assert tags == set(
        re.findall(r"<(/?\w+)", render("incident", FACTS, "id").html.partition("<body")[2])
    )


def test_a_fact_that_is_missing_is_an_error():
    with pytest.raises(Exception, match="detail"):
        render("incident", {"kind": "stale_feed", "incident_subject": "call"}, "id")


@pytest.mark.parametrize("language", ["id", "en"])
def test_an_incident_names_kind_subject_and_detail(language):
    mail = render("incident", FACTS, language)
    assert "stale_feed" in mail.subject and "call" in mail.subject
    assert FACTS["detail"] in mail.text and FACTS["detail"] in mail.html

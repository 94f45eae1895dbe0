"""The address of the audit of all records of the desk."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from rtm.desk import audit_page
from rtm.desk.pages import LARGEST_NUMBER, Page, requires
from rtm.desk.rights import Right

router = APIRouter()


@router.get("/audit")
def show_audit(
    page: Annotated[Page, Depends(requires(Right.READ_AUDIT))],
    before: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
) -> Response:
    with page.connection() as connection:
        entries, older = audit_page.read(connection, page.visitor, before)
    return page.render("audit.html", entries=entries, older=older)

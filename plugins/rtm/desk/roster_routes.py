"""The addresses of rosters: which dates have one, uploading, what the gate said."""

from __future__ import annotations

import logging
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection, Row
from starlette.datastructures import UploadFile

from rtm.desk import roster_page, state
from rtm.desk.pages import Page, Reading, known_number, requires
from rtm.desk.rights import Right
from rtm.desk.typed import Posted
from rtm.landing import Trial
from rtm.landing.workbooks import LARGEST_FILE
from rtm.roster.uploading import UploadError, deliver_upload, received, try_upload
from rtm.sources.canonical import ROSTER

router = APIRouter()
log = logging.getLogger(__name__)

Uploading = Annotated[Page, Depends(requires(Right.UPLOAD_ROSTER))]


@router.get("/rosters")
def list_rosters(page: Reading) -> Response:
    with page.connection() as connection:
        listed = roster_page.read_list(connection, page.services())
        clock = state.read_clock(connection)
        services = state.read_services(connection, page.services())
    return page.render(
        "rosters.html",
        listed=listed,
        services=services,
        as_of=clock.as_of,
        may_upload=bool(page.services(Right.UPLOAD_ROSTER)),
    )


@router.get("/rosters/upload")
def choose_roster(page: Uploading) -> Response:
    return _form_page(page)


@router.post("/rosters/upload")
def upload_roster(page: Uploading, form: Posted) -> Response:
    """Tries the file; only then, and for services of the visitor alone, it is delivered."""
    person = page.person
    file = form.get("file")
    name = file.filename or "" if isinstance(file, UploadFile) else ""
    if not isinstance(file, UploadFile):
        return _form_page(page, UploadError("no_file"), status=422)
    now = page.desk.now()
    try:
        with received(name, file.file) as upload:
            trial = try_upload(page.desk.warehouse, upload, now)
            services = [covered.service_code for covered in trial.covers]
            for service_code in services:
                page.insist(Right.UPLOAD_ROSTER, service_code)
            if form.get("step") != "send":
                return _form_page(page, trial=trial, name=upload.original_name)
            with page.connection(writes=True) as connection:
                upload_id = deliver_upload(
                    *(connection, page.desk.landing, upload, services),
                    *(person, now),
                )
    except UploadError as error:
        return _form_page(page, error, name=name, status=422)
    except OSError as error:
        log.error("an uploaded roster was not delivered: %s", error)
        return _form_page(page, UploadError("not_delivered"), name=name, status=503)
    return page.to(f"/rosters/uploads/{upload_id}")


@router.get("/rosters/uploads/{upload_id}")
def show_upload(page: Reading, upload_id: int) -> Response:
    with page.connection() as connection:
        upload = roster_page.find_upload(connection, known_number(upload_id))
        for service_code in upload.service_codes:
            page.insist(Right.READ_SERVICE, service_code)
    return page.render("roster_uploaded.html", upload=upload)


@router.get("/rosters/versions/{version_id}")
def show_version(
    page: Reading,
    version_id: int,
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    with page.connection() as connection:
        version = _found(connection, page, version_id)
        facts = roster_page.read_version_page(connection, version_id, number)
    return page.render(
        "roster_version.html",
        version=version,
        facts=facts,
        number=number,
        last_page=max(1, -(-facts.found // roster_page.PAGE_SIZE)),
    )


@router.get("/rosters/versions/{version_id}/answer")
def download_answer(page: Reading, version_id: int) -> Response:
    """The workbook that went back to its sender, failing cells coloured."""
    with page.connection() as connection:
        _found(connection, page, version_id)
        answer = roster_page.read_answer(connection, version_id)
    named = f"attachment; filename*=UTF-8''{quote(answer.file_name, safe='')}"
    headers = {"Content-Disposition": named}
    return Response(answer.content, media_type=answer.media_type, headers=headers)


def _found(connection: Connection, page: Page, version_id: int) -> Row[Any]:
    version = roster_page.find_version(connection, known_number(version_id))
    page.insist(Right.READ_SERVICE, version.service_code)
    return version


def _form_page(
    page: Page,
    problem: UploadError | None = None,
    trial: Trial | None = None,
    name: str = "",
    status: int = 200,
) -> Response:
    with page.connection() as connection:
        services = state.read_services(connection, page.services(Right.UPLOAD_ROSTER))
    return page.render(
        "roster_upload.html",
        status,
        services=services,
        problem=problem,
        trial=trial,
        name=name,
        endings=ROSTER.suffixes,
        most_mb=LARGEST_FILE >> 20,
    )

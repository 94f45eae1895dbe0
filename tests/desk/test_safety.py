"""Every way into the desk is guarded: sign-in, genuine forms, headers, escaping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, File, Form
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from rtm.desk import forms
from rtm.desk.bodies import LARGEST_TYPED
from rtm.desk.identity import SignedIn, signed_in
from rtm.settings import REPOSITORY
from scripts.readme import CLOCK
from tests.desk.conftest import SECRET, app_for, client_of
from tests.desk_centre import MARKED, TEAM_LEADER

PATHS = ("/rtm/", "/rtm/breaches", "/rtm/breaches/1", "/rtm/assets/desk.css")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def routes(app: FastAPI) -> list[APIRoute]:
    found = list(app.routes)
    # Anything else (a mounted folder, a websocket) would have no dependencies.
    assert all(isinstance(route, APIRoute) for route in found)
    assert len(found) >= 5
    return found  # type: ignore[return-value]


def depends_on(dependant: Dependant) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from depends_on(dependency)


def test_every_route_asks_who_is_signed_in_and_for_a_genuine_form(desk):
    for route in routes(app_for(desk, None)):
        assert {signed_in, forms.genuine} <= set(depends_on(route.dependant)), route.path


def test_nobody_is_signed_in_unless_somebody_says_so(desk):
    app = app_for(desk, SignedIn(TEAM_LEADER))
    app.dependency_overrides.clear()
    assert client_of(app).get("/rtm/").status_code == 401


def test_who_is_not_signed_in_gets_401_everywhere(sign_in, desk):
    browser = sign_in(None)
    asked = 0
    for route in routes(app_for(desk, None)):
        for method in route.methods:
            path = re.sub(r"\{[^}]*\}", "1", route.path)
            assert browser.request(method, f"/rtm{path}").status_code == 401, (method, path)
            asked += 1
    assert asked >= 5


def test_a_slash_too_many_leads_to_the_page_and_to_no_other_site(sign_in):
    for path, target in (
        ("/rtm/breaches/", "/rtm/breaches"),
        ("/rtm//evil.example/", "/rtm//evil.example"),
    ):
        answer = sign_in().get(path)
        assert (answer.status_code, answer.headers["location"]) == (308, target)


def test_a_browser_that_is_not_signed_in_is_shown_the_way_back_here(sign_in):
    answer = sign_in(None).get("/rtm/breaches?state=open")
    assert 'href="/sign-in?next=/rtm/breaches?state=open"' in answer.text
    assert "<link" not in answer.text and "<script" not in answer.text
    nonce = answer.text.split('<style nonce="')[1].split('"')[0]
    assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


def test_a_program_that_is_not_signed_in_gets_json(sign_in):
    answer = sign_in(None).get("/rtm/", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Anda belum masuk"}


@pytest.mark.parametrize("path", [*PATHS, "/rtm/nowhere", "/rtm/breaches?page=x"])
def test_every_answer_has_the_secure_headers(sign_in, path):
    for user in (TEAM_LEADER, None, "nobody"):
        headers = sign_in(user).get(path).headers
        for name, value in HEADERS.items():
            # The style sheet is for whoever is signed in.
            if not (name == "Cache-Control" and "assets" in path and user):
                assert headers[name] == value, (user, name)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy and "*" not in policy


def token(user: str = TEAM_LEADER, age: timedelta = timedelta(), secret: bytes = SECRET) -> str:
    issued = str(int((CLOCK - age).timestamp()))
    return f"{issued}.{forms._signature(secret, user, issued)}"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        "1.é",
        token("KRT0001"),
        token(secret=b"another secret"),
        token(age=timedelta(hours=24, minutes=1)),
        token(age=timedelta(hours=-1)),
        token().replace(".", "0."),
    ],
)
def test_a_form_without_a_token_of_ours_for_this_user_changes_nothing(sign_in, wrong):
    answer = sign_in().post("/rtm/language", data={"language": "en", "csrf_token": wrong})
    assert answer.status_code == 403
    assert "tidak berlaku lagi" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_form_with_its_token_is_taken_from_field_or_header(sign_in):
    browser = sign_in()
    page = browser.get("/rtm/").text
    told = page.split('name="csrf_token" value="')[1].split('"')[0]
    by_field = browser.post("/rtm/language", data={"language": "en", "csrf_token": told})
    by_header = browser.post(
        "/rtm/language", data={"language": "en"}, headers={"X-CSRF-Token": told}
    )
    assert (by_field.status_code, by_header.status_code) == (303, 303)


def test_a_form_with_a_file_is_checked_and_still_read(desk):
    app = app_for(desk, SignedIn(TEAM_LEADER))

    async def upload(file: Annotated[bytes, File()], note: Annotated[str, Form()]) -> str:
        return f"{note}: {len(file)}"

    app.post("/upload")(upload)
    browser = client_of(app)
    file = {"file": ("roster.xlsx", b"12345")}
    refused = browser.post("/rtm/upload", data={"note": "n"}, files=file)
    assert refused.status_code == 403
    taken = browser.post("/rtm/upload", data={"note": "n", "csrf_token": token()}, files=file)
    assert (taken.status_code, taken.json()) == (200, "n: 5")


SENT = {
    "csrf_token": "1.secret",
    "revision": "0",
    "why1": "Kabel <b>putus</b>",
    "correction": "Alihkan",
    "note": "Catatan",
    "note:KRT0009": "Headset",
    "cause_category": "system",
    "note:": "Tanpa agent",
}
FROM_HERE = {"Origin": "http://desk.example"}


@pytest.mark.parametrize(
    ("path", "referer", "expected"),
    [
        ("/rtm/plans/12/submit", "/rtm/plans/12?done=write", "/rtm/plans/12?done=write"),
        # The page of a form that was refused before stands at the address of its action.
        ("/rtm/plans/12/submit", "/rtm/plans/12/write?x=1", "/rtm/plans/12"),
        ("/rtm/plans/12/submit", None, "/rtm/plans/12"),
        ("/rtm/coaching/7/issue", "/rtm/coaching/agents/KRT0009", "/rtm/coaching/agents/KRT0009"),
        ("/rtm/coaching/7/issue", None, "/rtm/coaching"),
        ("/rtm/exceptions", "/rtm/exceptions/new?agent=A1", "/rtm/exceptions/new?agent=A1"),
        ("/rtm/exceptions/3/approve", None, "/rtm/exceptions/3"),
        ("/rtm/rotg/5/void", None, "/rtm/rotg/5"),
        ("/rtm/language", None, "/rtm/"),
        ("/rtm/rotg/5/void", "https://evil.example/rtm/plans/1", "/rtm/rotg/5"),
        ("/rtm/rotg/5/void", "//evil.example/rtm/", "/rtm/rotg/5"),
        ("/rtm/rotg/5/void", "http://[", "/rtm/rotg/5"),
        ("/rtm/rotg/5/void", "http://desk.example//evil.example/rtm/", "/rtm/rotg/5"),
        ("/rtm/rotg/5/void", "http://desk.example/other/page", "/rtm/rotg/5"),
    ],
)
def test_who_signs_in_after_a_form_comes_to_a_page_that_there_is(sign_in, path, referer, expected):
    headers = {}
    if referer:
        is_whole = referer.startswith(("http", "//"))
        headers["Referer"] = referer if is_whole else f"http://desk.example{referer}"
    answer = sign_in(None).post(path, data=SENT, headers=headers)
    assert answer.status_code == 401
    assert f'href="/sign-in?next={expected}"' in answer.text


def typed_again(answer) -> list[str]:
    return re.findall(r"<textarea[^>]* readonly>(.*?)</textarea>", answer.text, re.DOTALL)


@pytest.mark.parametrize(("user", "status"), [(None, 401), (TEAM_LEADER, 403)])
def test_what_was_typed_is_given_back_where_the_session_or_the_form_is_too_old(
    sign_in, user, status
):
    browser = sign_in(user)
    for path in ("/rtm/plans/1/submit", "/rtm/coaching/1/issue", "/rtm/exceptions", "/rtm/rotg"):
        answer = browser.post(path, data=SENT, headers=FROM_HERE)
        assert answer.status_code == status, path
        given = ["Kabel &lt;b&gt;putus&lt;/b&gt;", "Alihkan", "Catatan", "Headset"]
        assert typed_again(answer) == given, path
        assert "1.secret" not in answer.text
        assert "Catatan tentang KRT0009" in answer.text


@pytest.mark.parametrize("user", [None, TEAM_LEADER])
def test_nothing_is_given_back_that_came_from_elsewhere_or_is_too_much(sign_in, user):
    browser = sign_in(user)
    path = "/rtm/plans/1/submit"
    large = {"note": "x" * LARGEST_TYPED}
    for headers, sent in (
        ({}, SENT),
        ({"Origin": "https://evil.example"}, SENT),
        ({"Origin": "null"}, SENT),
        ({**FROM_HERE, "Sec-Fetch-Site": "cross-site"}, SENT),
        (FROM_HERE, large),
    ):
        answer = browser.post(path, data=sent, headers=headers)
        assert answer.status_code in (401, 403)
        assert typed_again(answer) == [], headers
    answer = browser.post(path, files={"file": ("a.txt", b"x")}, data=SENT, headers=FROM_HERE)
    assert typed_again(answer) == []
    kept = browser.post(path, data=SENT, headers={"Sec-Fetch-Site": "same-origin"})
    assert len(typed_again(kept)) == 4


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/rtm/\\evil", "/other", "javascript:x", ""]
)
def test_the_choice_of_a_language_leads_to_no_other_site(sign_in, back):
    answer = sign_in().post(
        "/rtm/language", data={"language": "en", "back": back, "csrf_token": token()}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/rtm/")


def test_names_that_are_markup_are_shown_as_text(sign_in):
    shown = 0
    for path in PATHS[:2]:
        text = sign_in(MARKED).get(path).text
        assert "<script>alert" not in text
        shown += text.count("&lt;script&gt;alert(")
    assert shown >= 4


def test_a_file_outside_of_the_assets_is_not_served(sign_in):
    for name in ("..%2Fwords.yml", "../words.yml", "nothing.css", "desk.py", "%2e%2e%2fapp.py"):
        assert sign_in().get(f"/rtm/assets/{name}").status_code == 404, name


def test_an_asset_is_kept_by_the_browser_under_its_version_only(sign_in):
    page = sign_in().get("/rtm/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in sign_in().get(address).headers["Cache-Control"]
    assert sign_in().get("/rtm/assets/desk.css").headers["Cache-Control"] == "no-cache"


def test_nothing_is_described_to_the_curious(sign_in):
    for path in ("docs", "redoc", "openapi.json"):
        assert sign_in().get(f"/rtm/{path}").status_code == 404


def test_airflow_is_imported_by_one_room_alone():
    rooms = REPOSITORY / "plugins" / "rtm"
    files = [path for path in rooms.rglob("*.py") if path.parent.name != "orchestration"]
    assert len(files) > 100
    importing = [
        path.relative_to(rooms).as_posix()
        for path in files
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("import airflow", "from airflow"))
    ]
    assert importing == []

"""Who is signed in to Airflow, asked of whichever auth manager it has.

The one module that uses these inner names of Airflow; `airflow.api_fastapi.core_api` may change
between versions, and the version is pinned.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated
from urllib.parse import urlencode

from airflow.api_fastapi.app import API_ROOT_PATH, get_auth_manager
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from airflow.configuration import conf
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials

from rtm.desk.identity import SignedIn
from rtm.desk.parts import Doors

ROOT = API_ROOT_PATH.rstrip("/")


async def identify(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)],
) -> SignedIn:
    """The FastAPI dependency: the user of a token, or of the session's cookie. 401 for all else,
    a token that is not Airflow's among it."""
    try:
        user = await get_user(request, None, bearer)
    except HTTPException as error:
        raise HTTPException(401) from error
    name = getattr(user, "username", None) or user.get_name()
    # Who may change connections can change everything here by another way.
    administers = get_auth_manager().is_authorized_connection(method="POST", user=user)
    return SignedIn(name, getattr(user, "email", None), administers)


def doors() -> Doors:
    """Airflow's own ways in and out, which lead on to its auth manager's."""
    return Doors(
        sign_in=lambda path: f"{ROOT}/api/v2/auth/login?{urlencode({'next': path})}",
        sign_out=f"{ROOT}/api/v2/auth/logout",
    )


def secret() -> bytes:
    """Made of the site's key, and good for nothing but the desk."""
    key = conf.get_mandatory_value("api", "secret_key")
    return hmac.new(key.encode(), b"rtm-desk", hashlib.sha256).digest()

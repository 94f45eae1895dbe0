"""Opens a landing folder that is not a local one: a bucket of S3, or a folder of an SFTP server.

Knows nothing of Airflow: what one of its connections holds comes here as a `Login`. Whatever goes
wrong there, of whatever library, becomes a `LandingError` that says what to do and holds no secret.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from upath import UPath

S3 = ("s3", "s3a")
SFTP = ("sftp", "ssh")

CONNECT_WITHIN_S = 10
"""A server that is down must not hold the cycle up."""
ANSWER_WITHIN_S = 60

HOST_KEY_HELP = (
    "the host key of the server is not a known one, so nothing was sent to it. Run"
    " `ssh-keyscan -t ed25519 -p {port} {host}`, compare the key with the one that the server's"
    ' administrator names, and put it into the extra of the connection: {{"host_key":'
    ' "ssh-ed25519 AAAA…"}}; without Airflow, into ~/.ssh/known_hosts'
)
REFUSED = (
    "the server refuses: {error}. Check login, password or key, and what they may read there"
    " (list and read are needed)"
)
MISSING = "it is not there: {error}. Check the URL, or make the folder there"
SILENT = (
    "the server does not answer as it should: {error}. It is tried again every minute, and what"
    " waits there is taken in then; until that, look after the server and the way to it"
)


class LandingError(OSError):
    """What lies elsewhere cannot be opened, listed or read; the message says what to do."""

    def __init__(self, message: str, *, is_server: bool = False) -> None:
        super().__init__(message)
        self.is_server = is_server
        """Whether it is of no use to ask the same server for something else."""


class GoneError(LandingError):
    """A file was there when its folder was listed and is not any more."""


@dataclass(frozen=True)
class Login:
    """How to log in, in the words of an Airflow connection."""

    name: str
    host: str | None = None
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Place:
    """The parts of a landing URL."""

    protocol: str
    user: str | None
    password: str | None = field(repr=False)
    host: str
    """Of S3, the bucket."""
    path: str

    @classmethod
    def of(cls, url: str) -> Place:
        """The parts of `protocol://[user[:password]@]host/path`; the path is taken as it is."""
        protocol, _, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        login, has_login, host = authority.rpartition("@")
        user, has_password, password = login.partition(":")
        return cls(
            protocol.lower(),
            user if has_login else None,
            password if has_password else None,
            host,
            slash + path,
        )


def open_landing(url: str, login: Login | None = None) -> UPath:
    """The folder of a URL; nothing is asked of a server before something in it is looked at.

    Without a login, S3 takes what AWS's own variables and files say (a connection's name in the URL
    is passed over), SFTP the user and password of the URL, or the keys of this account.
    Raises LandingError for a login that cannot be used.
    """
    if "://" not in url:
        return UPath(url)
    place = Place.of(url)
    if place.protocol in S3:
        return cast(UPath, UPath(f"s3://{place.host}{place.path}", **_s3_options(login)))
    if place.protocol in SFTP:
        options = _sftp_options(place, login)
        return cast(UPath, UPath(f"sftp://{options['host']}{place.path or '/'}", **options))
    return UPath(url)


def place_name(landing: UPath) -> str:
    """What the operators know the folder by: no login, no secret."""
    options = landing.storage_options
    if landing.protocol in SFTP and "host" in options:
        return f"sftp://{options['host']}:{options.get('port') or 22}{landing.path}"
    return str(landing).rstrip("/")


@contextmanager
def landing_errors(host: str = "", port: int | None = None) -> Iterator[None]:
    """Whatever is raised inside, of whatever library, leaves as a LandingError that says more."""
    try:
        yield
    except LandingError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise  # The disk here, not the server there.
        raise _landing_error(error, host, port or 22) from error


def _landing_error(error: Exception, host: str, port: int) -> LandingError:
    # By name: who lands from a local folder need not import the libraries of the others.
    kinds = {kind.__name__ for kind in type(error).__mro__}
    text = " ".join(str(error).split()) or type(error).__name__
    if "HostKeyNotVerifiable" in kinds:
        return LandingError(HOST_KEY_HELP.format(host=host, port=port), is_server=True)
    if kinds & {"PermissionError", "SFTPPermissionDenied", "PermissionDenied"}:
        return LandingError(REFUSED.format(error=text))
    if kinds & {"NoCredentialsError", "PartialCredentialsError"}:
        return LandingError(REFUSED.format(error=text), is_server=True)
    if kinds & {"FileNotFoundError", "SFTPNoSuchFile", "NotADirectoryError"}:
        return GoneError(MISSING.format(error=text))
    return LandingError(SILENT.format(error=text), is_server=True)


def _s3_options(login: Login | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "skip_instance_cache": True,
        "use_listings_cache": False,
        # s3fs tries each request five times itself.
        "config_kwargs": {
            "connect_timeout": CONNECT_WITHIN_S,
            "read_timeout": ANSWER_WITHIN_S,
            "retries": {"total_max_attempts": 1},
        },
    }
    if login is None:
        return options
    extra = login.extra
    if extra.get("role_arn"):
        raise LandingError(
            f"connection {login.name!r}: `role_arn` needs Airflow's Amazon provider, which is not"
            " installed; give a key, or run under the role"
        )
    client = {name: extra[name] for name in ("region_name", "verify") if name in extra}
    options |= {
        "key": login.user or None,
        "secret": login.password or None,
        "token": extra.get("aws_session_token"),
        "profile": extra.get("profile_name"),
        "endpoint_url": extra.get("endpoint_url") or None,
        "client_kwargs": client,
    }
    return {name: value for name, value in options.items() if value is not None}


def _sftp_options(place: Place, login: Login | None) -> dict[str, Any]:
    host, _, port = place.host.partition(":")
    options: dict[str, Any] = {
        # A connection that broke must not be taken for one that stands.
        "skip_instance_cache": True,
        "host": host,
        "port": int(port) if port.isdigit() else None,
        "username": place.user,
        "password": place.password,
        # Its own default is to believe any server: here it is ~/.ssh/known_hosts.
        "known_hosts": (),
        "connect_timeout": CONNECT_WITHIN_S,
        "login_timeout": CONNECT_WITHIN_S,
        "keepalive_interval": CONNECT_WITHIN_S,
        # One name that is not UTF-8 must not hide all others.
        "sftp_client_kwargs": {"path_errors": "surrogateescape"},
    }
    if login is not None:
        options |= {
            "host": login.host or host,
            "port": login.port or options["port"],
            "username": login.user or None,
            "password": login.password or None,
            # What the connection says and nothing of this account's own.
            "client_keys": _client_keys(login),
            "agent_path": None,
            "config": None,
        }
        if login.extra.get("host_key"):
            options["known_hosts"] = _known_hosts(login)
    keep = {"client_keys", "agent_path", "config"}
    return {n: value for n, value in options.items() if value is not None or n in keep}


def _client_keys(login: Login) -> list[Any] | None:
    import asyncssh

    extra = login.extra
    passphrase = extra.get("private_key_passphrase")
    try:
        if extra.get("private_key"):
            return [asyncssh.import_private_key(extra["private_key"], passphrase)]
        if extra.get("key_file"):
            return [asyncssh.read_private_key(extra["key_file"], passphrase)]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError) as error:
        raise LandingError(
            f"connection {login.name!r}: its private key cannot be read: {error}"
        ) from None
    return None


def _known_hosts(login: Login) -> bytes:
    """The host keys as lines of a known_hosts file that holds for the connection's one server."""
    import asyncssh

    lines = []
    for line in str(login.extra["host_key"]).splitlines():
        # As in Airflow's own SSH connections, a key without its kind is one of RSA.
        key = line.strip() if " " in line.strip() else f"ssh-rsa {line.strip()}"
        try:
            asyncssh.import_public_key(key)
        except asyncssh.KeyImportError:
            raise LandingError(
                f"connection {login.name!r}: `host_key` is no public key; it looks like"
                ' "ssh-ed25519 AAAA…", as the second and third word of a line of `ssh-keyscan`'
            ) from None
        lines.append(f"* {key}\n")
    return "".join(lines).encode()

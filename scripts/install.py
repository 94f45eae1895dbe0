"""Makes the locked environment: `python3 scripts/install.py .rtm/venv`.

Runs before anything is installed, so it uses the standard library alone. It ends at once when the
environment already is what `requirements.lock` says; killed half way, it simply goes on next time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED_GB = 2.5

# What a failed installation says, and what that means for the person who waits for it.
REASONS = {
    r"No space left": "the disk is full; about 2.5 GB are needed below {environment}",
    r"THESE PACKAGES DO NOT MATCH|[Hh]ash mismatch": (
        "a package is not the one that requirements.lock names; look at {log}"
    ),
    r"certificate|CERTIFICATE": (
        "the package index's certificate is not trusted on this machine; name your certificates"
        " with SSL_CERT_FILE=/path/to/ca.pem (details: {log})"
    ),
    r"No matching distribution|dns|resol|[Cc]onnect|network|[Tt]imed? ?out|retries|HTTP": (
        "packages cannot be fetched; check the network, or name your package index with"
        " `pip config set global.index-url URL` (details: {log})"
    ),
    r"[Pp]ermission denied": "{environment} cannot be written; give another place with RTM_HOME",
}


def main() -> None:
    if len(sys.argv) != 2:
        _fail("give the folder of the environment: python3 scripts/install.py .rtm/venv")
    environment = Path(sys.argv[1]).absolute()
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        _fail(
            f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} is needed, this is"
            f" {sys.version.split()[0]}; give another one: make PYTHON=/path/to/python3.11 …"
        )
    stamp = environment / "installed"
    if _reads(stamp) == _wanted():
        return
    try:
        environment.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _fail(f"{environment.parent} cannot be made: {error.strerror}; set RTM_HOME")
    with (environment.parent / "install.lock").open("w") as handle:
        _lock(handle)
        if _reads(stamp) != _wanted():
            install(environment)
            stamp.write_text(_wanted())


def install(environment: Path) -> None:
    """Makes or completes the environment and brings it to the lock."""
    free_gb = shutil.disk_usage(environment.parent).free / 1e9
    if free_gb < NEEDED_GB and not environment.exists():
        _fail(
            f"the disk is full: {environment.parent} has {free_gb:.1f} GB free,"
            f" {NEEDED_GB} GB are needed; make room, or set RTM_HOME to another disk"
        )
    log = environment.parent / "install.log"
    log.write_text("")
    python = environment / "bin" / "python"
    if not _is_ours(environment):
        _ensure_venv_module(log)
        _step("making the environment", environment, log, sys.executable, "-m", "venv", "--clear",
              str(environment))  # fmt: skip
    if not (environment / "bin" / "uv").exists():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as pinned:
            pinned.write(_pinned("uv"))
            pinned.flush()
            _step("fetching the installer (uv)", environment, log, str(python), "-m", "pip",
                  "install", "--quiet", "--require-hashes", "-r", pinned.name)  # fmt: skip
    _step("installing the locked packages", environment, log, str(environment / "bin" / "uv"),
          "pip", "sync", "--python", str(python), "--require-hashes", "--compile-bytecode",
          str(LOCK))  # fmt: skip


def _step(told: str, environment: Path, log: Path, *command: str) -> None:
    """Runs one command; one line says what it does and how long it has taken."""
    began = time.monotonic()
    with log.open("a+") as output:
        output.write(f"$ {' '.join(command)}\n")
        output.flush()
        told_from = output.tell()
        running = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=_environment()
        )
        while True:
            try:
                status = running.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r\033[K{told} … {time.monotonic() - began:.0f} s")
                    sys.stderr.flush()
    sys.stderr.write("\r\033[K" if sys.stderr.isatty() else "")
    if status == 0:
        print(f"{told}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        return
    with log.open() as output:
        output.seek(told_from)
        said = output.read()
    for pattern, reason in REASONS.items():
        if re.search(pattern, said):
            _fail(f"{told}: {reason.format(environment=environment, log=log)}")
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "no output")
    _fail(f"{told}: {last.strip()} (details: {log})")


def _environment() -> dict[str, str]:
    """The caller's, with bytecode written: without it everything starts twice as slowly."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    if ssl.create_default_context().cert_store_stats()["x509_ca"]:
        # uv brings certificates of its own, which a company's proxy is not among.
        environment.setdefault("UV_SYSTEM_CERTS", "true")
    if "UV_DEFAULT_INDEX" not in environment:
        index = _pip_setting("index-url")
        if index:
            environment["UV_DEFAULT_INDEX"] = index
    return environment


def _pip_setting(name: str) -> str:
    """What pip is configured to use; uv does not read pip's configuration."""
    if value := os.environ.get(f"PIP_{name.upper().replace('-', '_')}"):
        return value
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", f"global.{name}"],
        capture_output=True,
        text=True,
    )
    return asked.stdout.strip() if asked.returncode == 0 else ""


def _ensure_venv_module(log: Path) -> None:
    """Debian ships `venv` apart from Python; installs it when that is ours to do."""
    if _imports("ensurepip"):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    command = ["apt-get", "install", "--yes", "--no-install-recommends", package]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        _fail(f"this Python has no module ensurepip; run: sudo {' '.join(command)}")
    print(f"installing {package} with apt-get", file=sys.stderr)
    with log.open("a") as output:
        subprocess.run(["apt-get", "update"], stdout=output, stderr=output)
        subprocess.run(command, stdout=output, stderr=output)
    if not _imports("ensurepip"):
        _fail(f"{package} could not be installed (details: {log}); run: {' '.join(command)}")


def _imports(module: str) -> bool:
    return (
        subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode
        == 0
    )


def _is_ours(environment: Path) -> bool:
    """Whether the environment is whole and of this version of Python."""
    python = environment / "bin" / "python"
    if not python.exists() or not (environment / "pyvenv.cfg").exists():
        return False
    asked = subprocess.run(
        [str(python), "-c", "import sys, pip; print(sys.version_info[:2])"],
        capture_output=True,
        text=True,
    )
    return asked.stdout.strip() == str(sys.version_info[:2])


def _pinned(package: str) -> str:
    """The lines of one package in the lock, with their hashes."""
    found = re.search(rf"^{package}==.*(?:\n[ \t].*)*", LOCK.read_text(), re.MULTILINE)
    if not found:
        _fail(f"{LOCK} does not name {package}")
    return found[0] + "\n"


def _wanted() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest() + f" {sysconfig.get_python_version()}\n"


def _reads(stamp: Path) -> str:
    return stamp.read_text() if stamp.exists() else ""


def _lock(handle) -> None:  # type: ignore[no-untyped-def]
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("another installation is under way; waiting for it", file=sys.stderr)
        fcntl.flock(handle, fcntl.LOCK_EX)


def _fail(message: str) -> None:
    print(f"install: {message}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()

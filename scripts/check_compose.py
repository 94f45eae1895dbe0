"""Whether docker-compose.yml names only what is there: `python scripts/check_compose.py`.

Docker itself says so only when it starts. What the schema of compose files can tell is checked
apart; this is about our own paths, programs, settings, services and ports.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
VARIABLE = re.compile(r"\$\{(\w+)(?::?[-?][^}]*)?\}")
HOST = re.compile(r"(?:@|//|^)([a-z][\w-]*):(\d+)(?=[/\s]|$)")
IMAGE_ROOT = "/opt/rtm"
PROVISIONING = REPOSITORY / "grafana" / "provisioning"
MADE_BY_PEOPLE = {"./landing", "./mappings"}
NOT_FOR_SERVICES = {
    "RTM_HOME": "where the image has it",
    "RTM_AIRFLOW_PORT": "the embedded Airflow's",
    "RTM_DESK_USERS": "the embedded Airflow's; here they are Airflow's own users",
    "RTM_SMTP_URL": "the connection smtp_default comes first",
}
LISTENS = {"airflow-api-server": 8080, "warehouse": 5432, "redis": 6379, "mail": 1025}
OPENED = {"airflow-api-server": {8080}, "grafana": {3000}, "mail": {8025}}

Compose = Mapping[str, Any]


def faults(text: str, example: str, settings: str) -> list[str]:
    """What does not fit, one line each: of the compose file, `.env.example` and settings.py."""
    compose = yaml.safe_load(text)
    return [
        *_variables(text, example),
        *_settings(compose, settings),
        *_paths(compose),
        *_provisioned(compose),
        *_programs(compose),
        *_hosts(compose),
        *_ports(compose),
        *_confinement(compose),
    ]


def _variables(text: str, example: str) -> Iterator[str]:
    used = set(VARIABLE.findall("\n".join(line.split(" #")[0] for line in text.splitlines())))
    explained = set(re.findall(r"^#?(\w+)=", example, re.MULTILINE))
    for name in sorted(used - explained):
        yield f".env.example does not explain {name}"
    # Compose itself reads this one.
    for name in sorted(explained - used - {"COMPOSE_PROFILES"}):
        yield f".env.example explains {name}, which docker-compose.yml does not use"
    for name in re.findall(r"^(\w+)=(?:[^\s#{][^#\n]*\S)", example, re.MULTILINE):
        if any(word in name for word in ("PASSWORD", "KEY", "SECRET")):
            yield f".env.example holds a value of {name}; a secret stands in .env alone"
    for name in sorted(used - _needed(text)):
        if re.search(rf"\$\{{{name}\}}", text):
            yield f"{name} has neither a default nor a message for who forgot it"


def _settings(compose: Compose, settings: str) -> Iterator[str]:
    known = set(re.findall(r'"(RTM_\w+)"', settings))
    given = {name for name in compose["x-rtm"]["environment"] if name.startswith("RTM_")}
    for name in sorted(known - given - set(NOT_FOR_SERVICES)):
        yield f"the services do not get the setting {name}"
    for name in sorted(given - known):
        yield f"the services get {name}, which the product does not read"


def _paths(compose: Compose) -> Iterator[str]:
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = _by_default(volume).split(":")[0]
            if source.startswith(".") and source not in MADE_BY_PEOPLE:
                if not (REPOSITORY / source).exists():
                    yield f"{name} mounts {source}, which is not there"
            elif not source.startswith((".", "/")) and source not in compose["volumes"]:
                yield f"{name} mounts the volume {source}, which is not declared"
        for config in service.get("configs", []):
            if config["source"] not in compose["configs"]:
                yield f"{name} reads the config {config['source']}, which is not declared"
        for network in service.get("networks", ["default"]):
            if network not in compose["networks"]:
                yield f"{name} is in the network {network}, which is not declared"
        for other in service.get("depends_on", {}):
            if other not in compose["services"]:
                yield f"{name} waits for {other}, which is no service"
    for name, value in compose["x-rtm"]["environment"].items():
        found = re.fullmatch(rf"{IMAGE_ROOT}/(\S+)", str(value))
        if found and not (REPOSITORY / found[1]).exists():
            yield f"{name} names {value}, which is not in the image"


def _provisioned(compose: Compose) -> Iterator[str]:
    environment = compose["services"]["grafana"]["environment"]
    named = {
        name
        for file in PROVISIONING.rglob("*.yml")
        for line in file.read_text(encoding="utf-8").splitlines()
        for name in re.findall(r"\$(RTM_\w+)", line.split("#")[0])
    }
    given = {name for name in environment if name.startswith("RTM_")}
    for name in sorted(named - given):
        yield f"grafana does not get {name}, which grafana/provisioning names"
    for name in sorted(given - named):
        yield f"grafana gets {name}, which grafana/provisioning does not name"


def _programs(compose: Compose) -> Iterator[str]:
    for name, service in compose["services"].items():
        if service["image"] != compose["x-rtm"]["image"]:
            continue
        for command in (service["command"], service.get("healthcheck", {}).get("test", [])):
            words = command[1:] if command[:1] == ["CMD"] else command
            if words[:1] == ["CMD-SHELL"]:
                words = words[1].split()
            for script in words:
                if script.startswith("scripts/") and not (REPOSITORY / script).is_file():
                    yield f"{name} runs {script}, which is not there"
            if words[:1] in (["airflow"], ["rtm"]) and (said := _refused(words)):
                yield f"{name} runs `{' '.join(words)}`: {said}"


def _refused(words: list[str]) -> str | None:
    """What the command line says against its own name and options; None if it knows them."""
    status, said = _help(tuple(takewhile(lambda word: not word.startswith("-"), words)))
    if status:
        return (said.strip().splitlines() or ["not known"])[-1]
    unknown = [word for word in words if word.startswith("--") and word not in said]
    return f"it has no option {unknown[0]}" if unknown else None


@lru_cache
def _help(verbs: tuple[str, ...]) -> tuple[int, str]:
    """Exit status and output of a command's own help."""
    asked = subprocess.run(
        [sys.executable, "-m", *verbs, "--help"], capture_output=True, text=True, cwd=REPOSITORY
    )
    return asked.returncode, asked.stdout + asked.stderr


def _hosts(compose: Compose) -> Iterator[str]:
    for name, service in compose["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            for host, port in HOST.findall(_by_default(str(value))):
                if host not in compose["services"]:
                    yield f"{variable} of {name} names the host {host}, which is no service"
                elif LISTENS.get(host) != int(port):
                    yield f"{variable} of {name} asks {host} at {port}, where it does not listen"


def _ports(compose: Compose) -> Iterator[str]:
    for name, service in compose["services"].items():
        opened = {int(str(port).rsplit(":", 1)[1]) for port in service.get("ports", [])}
        if opened != OPENED.get(name, set()):
            yield f"{name} opens {sorted(opened)}, expected {sorted(OPENED.get(name, set()))}"
        if opened and set(service.get("networks", [])) <= {"data"}:
            yield f"{name} opens a port in a network that nobody reaches"


def _confinement(compose: Compose) -> Iterator[str]:
    for name, service in compose["services"].items():
        if not service.get("read_only") or service.get("cap_drop") != ["ALL"]:
            yield f"{name} may write everywhere, or has more rights than it needs"
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        if set(limits) != {"cpus", "memory"}:
            yield f"{name} has no limit of its processors and memory"
        if name not in ("prepare", "cleaning", "mail") and "healthcheck" not in service:
            yield f"{name} has no health check"
        if ":latest" in service["image"].replace(":-latest", ""):
            yield f"{name} takes whatever version is the latest"


def docker_says() -> list[str]:
    """Docker's own reading of the file, where its compose plugin is at hand."""
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        return []
    environment = dict.fromkeys(_needed((REPOSITORY / "docker-compose.yml").read_text()), "x")
    told = subprocess.run(
        [docker, "compose", "--profile", "*", "config", "--quiet"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={"PATH": str(Path(docker).parent), "HOME": str(Path.home()), **environment},
    )
    return told.stderr.strip().splitlines() if told.returncode else []


def _needed(text: str) -> set[str]:
    """The variables without which nothing starts."""
    return set(re.findall(r"\$\{(\w+):\?", text))


def _by_default(value: str) -> str:
    """What it is where `.env` says nothing: each variable by the default that stands with it."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def main() -> None:
    found = faults(
        (REPOSITORY / "docker-compose.yml").read_text(),
        (REPOSITORY / ".env.example").read_text(),
        (REPOSITORY / "plugins/rtm/settings.py").read_text(),
    )
    found += docker_says()
    for fault in found:
        print(f"docker-compose.yml: {fault}", file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

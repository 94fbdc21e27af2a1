"""Who may ask: bearer tokens, and without one only programs of this machine.

- There are two tokens, as an agent must not approve its own calls: that of agents, and that of people who answer. People may also
  look at what agents ask.
- Without a token for agents the server takes what comes over the loopback interface alone. A browser there is asked by any page,
  so requests must name the server by a loopback name (which a page of another name cannot, also where it rebinds that name), and
  what another page sends is refused.
- Answers of people need their token in any case.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatling.errors import ConfigError
from gatling.schema.files import read_text_at_most
from gatling.server.routes import Who

MIN_TOKEN_CHARS = 16
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request may not be made."""

    status: Literal[401, 403]
    message: str


class Access:
    """Args: the tokens; None where there is none."""

    def __init__(self, agents: str | None, approvers: str | None) -> None:
        if agents is not None and agents == approvers:
            raise ConfigError("agents and approvers have the same token: then agents could approve their own calls")
        self._agents = None if agents is None else _digest(agents)
        self._approvers = None if approvers is None else _digest(approvers)

    @property
    def has_token(self) -> bool:
        """Whether agents need one."""
        return self._agents is not None

    @property
    def has_people(self) -> bool:
        """Whether people have one."""
        return self._approvers is not None

    def refused(self, who: Who, headers: Mapping[str, str]) -> Refused | None:
        """Return why a request is refused; None where it may be made.

        Args:
            headers: by lower-case names.
        """
        origin, host = headers.get("origin"), headers.get("host", "")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return Refused(403, "this request comes from a page of another origin")
        if self._agents is None and not _LOOPBACK.fullmatch(host):
            return Refused(403, "without a token this server answers to the names localhost, 127.0.0.1 and [::1] alone")
        if who == "anybody":
            return None
        given = self._given(headers.get("authorization", ""))
        is_agent = self._agents is None or hmac.compare_digest(given, self._agents)
        is_approver = self._approvers is not None and hmac.compare_digest(given, self._approvers)
        if who == "agents":
            if is_agent:
                return None
            return Refused(403, "this is for agents, and the token is that of people") if is_approver else _unknown()
        if is_approver or (who == "both" and is_agent):
            return None
        if self._approvers is None:
            return Refused(403, "this server has no token for people: start it with --approver-token-env or -file")
        is_other = self._agents is not None and is_agent
        return Refused(403, "this is for people, and the token is that of agents") if is_other else _unknown()

    @staticmethod
    def _given(authorization: str) -> bytes:
        scheme, _, token = authorization.partition(" ")
        return _digest(token.strip()) if scheme.lower() == "bearer" else b""


def read_token(name: str, variable: str | None, file: Path | None) -> str | None:
    """Return the token that an environment variable or a file holds; None where neither is named.

    Raises:
        ConfigError: if it is missing, too short to be one, or a file that other users can read.
        InputError: if the file cannot be read.
    """
    if variable is not None and file is not None:
        raise ConfigError(f"only one of --{name}-env and --{name}-file can be given")
    if variable is not None:
        token, where = os.environ.pop(variable, ""), f"the variable {variable}"
    elif file is not None:
        token, where = read_text_at_most(file, 10_000).strip(), str(file)
        if sys.platform != "win32" and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"{file} can be read by other users: chmod 600 {file}")
    else:
        return None
    if not token:
        raise ConfigError(f"{where} holds no token")
    if len(token) < MIN_TOKEN_CHARS or not _TOKEN.fullmatch(token):
        raise ConfigError(f"{where} holds no token of at least {MIN_TOKEN_CHARS} letters, digits or ._~+/=-")
    return token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def _unknown() -> Refused:
    return Refused(401, "the token is missing, or another one")

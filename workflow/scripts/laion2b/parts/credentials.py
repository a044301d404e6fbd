"""The credentials of a mirror's host: tokens from the environment. `requests` itself reads ~/.netrc."""

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

from laion2b.errors import ConfigError


class BearerToken(requests.auth.AuthBase):
    """Sends a token from the environment. `requests` drops it when a redirect leads to another host."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:  # noqa: D102
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def token_variable(host: str) -> str:
    """Return the name of the environment variable that holds the token of a host."""
    return "LAION2B_TOKEN_" + re.sub(r"[^A-Z0-9]", "_", host.upper())


def credentials(url: str, environment: Mapping[str, str] = os.environ) -> BearerToken | None:
    """Return the token that the environment holds for this URL's host, or None. Raises ConfigError for an odd one."""
    host = urlsplit(url).hostname or ""
    variables = [token_variable(host)] + (["HF_TOKEN"] if host == "huggingface.co" else [])
    for variable in variables:
        token = environment.get(variable, "").strip()
        if not token.isascii() or not token.isprintable():
            raise ConfigError(
                f"The environment variable {variable} can't be a token, because it holds more than printable ASCII. "
                "What to do: copy the token again."
            )
        if token:
            return BearerToken(token)
    return None

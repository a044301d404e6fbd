"""Which token goes to which host."""

import pytest

from laion2b.errors import ConfigError
from laion2b.parts.credentials import credentials


@pytest.mark.parametrize(
    ("url", "environment", "token"),
    [
        ("https://a.example/x", {}, None),
        ("https://a.example/x", {"LAION2B_TOKEN_A_EXAMPLE": "t"}, "t"),
        ("https://A.example:8443/x", {"LAION2B_TOKEN_A_EXAMPLE": "t"}, "t"),
        ("https://a.example/x", {"LAION2B_TOKEN_A_EXAMPLE": "t\n"}, "t"),
        ("https://b.example/x", {"LAION2B_TOKEN_A_EXAMPLE": "t", "HF_TOKEN": "h"}, None),
        ("https://huggingface.co/x", {"HF_TOKEN": "h"}, "h"),
        ("https://huggingface.co/x", {"HF_TOKEN": "h", "LAION2B_TOKEN_HUGGINGFACE_CO": "t"}, "t"),
    ],
)
def test_a_token_goes_to_its_own_host_only(url, environment, token):
    found = credentials(url, environment)
    assert (found and found.token) == token


@pytest.mark.parametrize("token", ["s3cret\nx", "s3crét"])
def test_a_token_that_is_none_is_not_repeated(token):
    with pytest.raises(ConfigError, match="LAION2B_TOKEN_A_EXAMPLE can't be a token") as caught:
        credentials("https://a.example/x", {"LAION2B_TOKEN_A_EXAMPLE": token})
    assert "s3cr" not in str(caught.value)

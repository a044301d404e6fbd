"""How many downloads there are at a time, on which the bandwidth of each depends."""

import pytest

from laion2b.errors import ConfigError
from laion2b.run import environment


@pytest.mark.parametrize(("downloads", "cores", "expected"), [(4, 2, 2), (4, 16, 4), (4, None, 4)])
def test_downloads_that_share_the_bandwidth(downloads, cores, expected):
    assert environment.at_once(downloads, cores) == expected


@pytest.mark.parametrize("downloads", [0, -1, "many", 1.5])
def test_no_downloads_at_a_time(downloads):
    with pytest.raises(ConfigError, match="--resources downloads=4"):
        environment.at_once(downloads, 2)

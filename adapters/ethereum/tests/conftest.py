from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from .city import City, open_city


@pytest_asyncio.fixture(scope="session")
async def city(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """One network for all tests; each makes its own tickets and transfers."""
    async with open_city(tmp_path_factory.mktemp("city")) as city:
        yield city

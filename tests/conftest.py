"""One thread, a fixed seed, no network, a clean environment and folder for every test; a process a core for all tests."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Else each process, of which tests start many, compiles torch anew: 5 s of its 7.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

from gatling.cores import num_cores  # noqa: E402
from tests import sizes  # noqa: E402

for name in ("HF_TOKEN", "HF_ENDPOINT", "HUGGING_FACE_HUB_TOKEN", "HF_HOME"):
    os.environ.pop(name, None)
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # for what tests start; this process says it to torch below
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

_numbers = count()
MAX_PROCESSES = 8  # each loads torch and the models: 1 GB


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough", action="store_true", help="try as many cases as `.ci/run` does, and its longest tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    sizes.is_thorough = config.getoption("--thorough")
    checks = [HealthCheck.function_scoped_fixture]
    examples = sizes.num_cases(many=100, few=25)
    settings.register_profile(
        "gatling", deadline=None, derandomize=True, max_examples=examples, suppress_health_check=checks
    )
    settings.load_profile("gatling")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m extra`, load only the files that have such tests: to import all takes longer than to run these few."""
    if config.option.markexpr != "extra" or collection_path.suffix != ".py":
        return None
    return True if "mark.extra" not in collection_path.read_text("utf-8") else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All tests are shared out; of a chosen few the start of a process takes longer than the tests."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return 0
    return min(num_cores(), MAX_PROCESSES)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded and collected stays to the end: nobody looks through it for garbage, now or after each few tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not sizes.is_thorough:
        for item in items:
            if item.get_closest_marker("thorough"):
                item.add_marker(pytest.mark.skip(reason="only with --thorough"))


@pytest.fixture
def _folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The test's `tmp_path`; where it has none, a folder that costs less, as pytest looks through all before it names one."""
    if "tmp_path" in request.fixturenames:
        yield request.getfixturevalue("tmp_path")
        return
    folder = tmp_path_factory.getbasetemp() / "folders" / str(next(_numbers))
    folder.mkdir(parents=True)
    yield folder
    with suppress(OSError):  # what a test wrote stays to be looked at
        folder.rmdir()


@pytest.fixture(autouse=True)
def _clean(_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(_folder)
    monkeypatch.setenv("GATLING_STATE", str(_folder / "state"))  # no stop and no approval of whoever runs the tests
    # Only where a test loaded it: the process that shares tests out needs none, and `.ci/core` has none.
    if (torch := sys.modules.get("torch")) is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)

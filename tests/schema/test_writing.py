"""Writing: whole files or none, links kept, devices and pipes written to and never replaced."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gatling.schema import read_traces, write_traces
from gatling.schema.files import atomic_write
from tests.builders import many_traces


def write(path: Path, content: bytes = b"new") -> None:
    with atomic_write(path) as stream:
        stream.write(content)


def test_a_link_stays_and_its_target_is_replaced() -> None:
    Path("there").mkdir()
    Path("there/target").write_text("old")
    Path("link").symlink_to("there/target")
    write(Path("link"))
    assert Path("link").is_symlink()
    assert Path("there/target").read_text() == "new"
    assert [p.name for p in Path("there").iterdir()] == ["target"]


def test_a_link_to_nothing_makes_its_target() -> None:
    Path("link").symlink_to("there/target")
    write(Path("link"))
    assert Path("link").is_symlink()
    assert Path("there/target").read_text() == "new"


def test_links_in_a_circle_are_an_error() -> None:
    Path("a").symlink_to("b")
    Path("b").symlink_to("a")
    with pytest.raises(OSError, match="a"):
        write(Path("a"))
    assert Path("a").is_symlink()


def test_permissions_are_those_of_the_file_that_is_replaced() -> None:
    Path("private").write_text("old")
    Path("private").chmod(0o600)
    write(Path("private"))
    assert stat.S_IMODE(Path("private").stat().st_mode) == 0o600


def test_an_error_leaves_the_old_file_and_nothing_else() -> None:
    Path("link").symlink_to("target")
    Path("target").write_text("old")
    with pytest.raises(TypeError), atomic_write(Path("link")) as stream:
        stream.writelines([b"half", None])  # type: ignore[list-item]
    assert Path("target").read_text() == "old"
    assert sorted(p.name for p in Path().iterdir()) == ["link", "target"]


def test_a_pipe_is_written_to() -> None:
    os.mkfifo("pipe.jsonl")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe.jsonl").read_bytes()))
    reader.start()
    traces = many_traces(3)
    assert write_traces("pipe.jsonl", traces) == len(traces)
    reader.join(timeout=20)
    Path("copy.jsonl").write_bytes(read[0])
    assert [t.id for t in read_traces("copy.jsonl")] == [t.id for t in traces]
    assert stat.S_ISFIFO(Path("pipe.jsonl").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("content", [b"x", b"x" * 1_000_000])
def test_a_full_device_is_an_error_that_names_it(content: bytes) -> None:
    Path("link").symlink_to("/dev/full")
    for path in (Path("/dev/full"), Path("link")):
        with pytest.raises(OSError, match="No space left on device") as caught:
            write(path, content)
        assert caught.value.filename == str(path)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
    assert Path("link").is_symlink()


def test_dev_null_takes_everything_and_stays() -> None:
    Path("none.jsonl").symlink_to(os.devnull)
    assert write_traces("none.jsonl", many_traces(3)) > 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="this system has no /dev/stdout")
def test_own_output_in_a_file_is_continued_and_not_replaced() -> None:
    code = (
        "from pathlib import Path; from gatling.schema.files import atomic_write; print('first')\n"
        "with atomic_write(Path('/dev/stdout')) as stream: stream.write(b'second\\n')\nprint('third')"
    )
    with Path("out").open("wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert Path("out").read_text() == "first\nsecond\nthird\n"

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import RecordNotFoundError
from assistant.ui.uploads import taken_uploads


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    cache, intake = tmp_path / "cache", tmp_path / "intake"
    cache.mkdir()
    intake.mkdir()
    return cache, intake


def cached(cache: Path, name: str = "letter.pdf") -> Path:
    path = cache / "hash" / name
    path.parent.mkdir()
    path.write_bytes(b"%PDF-")
    return path


def test_an_upload_leaves_the_cache_at_once_and_is_gone_afterwards(folders: tuple[Path, Path]) -> None:
    cache, intake = folders
    path = cached(cache)

    with taken_uploads([{"name": "My letter.pdf", "path": str(path)}], cache=cache, intake=intake) as uploads:
        assert [upload.name for upload in uploads] == ["My letter.pdf"]
        assert uploads[0].path.read_bytes() == b"%PDF-"
        assert list(cache.iterdir()) == []

    assert list(intake.iterdir()) == []


def test_a_path_outside_the_cache_is_refused_and_left_alone(folders: tuple[Path, Path], tmp_path: Path) -> None:
    cache, intake = folders
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    link = cache / "link.txt"
    link.symlink_to(secret)

    for path in (str(secret), str(cache / ".." / "secret.txt"), str(link), str(cache), "", "/etc/passwd"):
        with (
            pytest.raises(RecordNotFoundError, match="drop it again"),
            taken_uploads([{"name": "x", "path": path}], cache=cache, intake=intake),
        ):
            pytest.fail("a foreign path was taken")

    assert secret.read_text() == "secret"
    assert list(intake.iterdir()) == []


def test_two_copies_of_one_file_in_a_drop_are_both_taken(folders: tuple[Path, Path]) -> None:
    cache, intake = folders
    path = str(cached(cache))

    files = [{"name": "letter.pdf", "path": path}, {"name": "letter.pdf", "path": path}]
    with taken_uploads(files, cache=cache, intake=intake) as uploads:
        assert [upload.path.read_bytes() for upload in uploads] == [b"%PDF-", b"%PDF-"]

"""What a container would unpack to is known before it is unpacked."""

from __future__ import annotations

import time
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA

import pytest

from assistant.errors import FileRefusedError
from assistant.ingestion.containers.unpacking import member_names, open_zip, unpack
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import Source
from tests.ingestion.hostile_archives import crowded, flat_bomb, liar, overlapping_bomb, zip_of


def unpacked(data: bytes, limits: Limits) -> list[bytes]:
    with open_zip(Source(name="a.zip", data=data), limits) as archive:
        return [unpack(archive, member) for member in archive.infolist()]


def refusal(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(FileRefusedError) as refused:
        unpacked(data, limits or Limits())
    return refused.value.code


def test_members_come_out_as_they_went_in() -> None:
    data = zip_of({"a.txt": "one", "b/c.txt": "two"}, ZIP_DEFLATED)
    assert unpacked(data, Limits()) == [b"one", b"two"]


def test_more_than_the_limit_is_refused_before_it_is_unpacked() -> None:
    data = zip_of({"a": b"x" * 600, "b": b"y" * 600}, ZIP_DEFLATED)
    assert refusal(data, Limits(unpacked_bytes=1_000)) == "unpacks_too_large"


def test_a_member_that_unpacks_hundredfold_and_more_is_refused() -> None:
    assert refusal(flat_bomb(20 << 20)) == "unpacks_too_large"


def test_zeros_that_stay_small_are_no_bomb() -> None:
    data = flat_bomb(1 << 20)
    with open_zip(Source(name="a.zip", data=data), Limits()) as archive:
        assert len(unpack(archive, archive.infolist()[0])) == 1 << 20


def test_members_that_share_their_bytes_are_refused() -> None:
    data = overlapping_bomb(members=10, kernel_bytes=100_000)
    with pytest.raises(FileRefusedError) as refused:
        open_zip(Source(name="a.zip", data=data), Limits())  # on opening, before any of them is unpacked
    assert refused.value.code == "damaged"


def test_a_directory_of_a_million_entries_is_refused_before_it_is_read() -> None:
    data = crowded(1_000_000)
    began = time.monotonic()
    assert refusal(data) == "too_many_members"
    assert time.monotonic() - began < 0.5


def test_a_directory_of_a_few_thousand_entries_is_counted() -> None:
    assert refusal(crowded(4_001)) == "too_many_members"


@pytest.mark.parametrize("claimed", [10, 300 << 20])
def test_a_member_never_gives_more_than_it_claims(claimed: int) -> None:
    assert refusal(liar(claimed, b"x" * 5_000)) in ("damaged", "unpacks_too_large")


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_methods_without_bounded_steps_are_refused(method: int) -> None:
    assert refusal(zip_of({"a.txt": "one"}, method)) == "unsupported_format"


def test_an_encrypted_member_asks_for_a_copy_without_a_password() -> None:
    data = bytearray(zip_of({"a.txt": "one"}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(data)) == "office_password"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", zip_of({"a": "one"})[:-10], b"x" * 99])
def test_what_is_no_container_is_damaged(data: bytes) -> None:
    assert refusal(data) == "damaged"


def test_an_empty_container_is_one() -> None:
    assert unpacked(zip_of({}), Limits()) == []


def test_names_are_those_of_the_directory_alone() -> None:
    letter = zip_of({"word/document.xml": "<w/>"})
    assert member_names(Source(name="a.zip", data=zip_of({"letter.docx": letter}))) == {"letter.docx"}

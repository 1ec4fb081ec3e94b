"""A ZIP's files are pages of one file, each naming its member; no member can hurt the others."""

from __future__ import annotations

import io
import stat
import time
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from assistant.ingestion.containers.archive_file import ArchiveFile
from assistant.ingestion.containers.composite_file import innermost
from assistant.ingestion.limits import Limits
from assistant.ingestion.reader import Source
from assistant.ingestion.text_file import TextFile
from tests.ingestion.hostile_archives import flat_bomb, nested_bomb, zip_of
from tests.ingestion.opened_files import mutations, opened, parts, refusal_code, survives, texts


def test_members_are_pages_in_the_order_in_which_people_count() -> None:
    file = opened(ArchiveFile, zip_of({"page 10.txt": "ten", "page 2.txt": "two", "A/first.txt": "one"}))
    assert parts(file) == ["A/first.txt", "page 2.txt", "page 10.txt"]
    assert texts(file) == ["one", "two", "ten"]


def test_pages_can_be_read_again_and_in_any_order() -> None:
    file = opened(ArchiveFile, zip_of({f"{number}.txt": f"first\fsecond {number}" for number in range(6)}))
    assert file.page_count == 12
    for number in (12, 1, 7, 12):
        page = file.read(number)
        assert page.part == f"{(number - 1) // 2}.txt"
        assert page.composed.text == ("first" if number % 2 else f"second {(number - 1) // 2}")
        assert file.draw(number, 200).startswith(b"\x89PNG")


def test_what_systems_put_beside_files_is_no_member() -> None:
    file = opened(
        ArchiveFile,
        zip_of({"a.txt": "one", "__MACOSX/._a.txt": "junk", ".DS_Store": "junk", "b/Thumbs.db": "junk", "c/": ""}),
    )
    assert parts(file) == ["a.txt"]
    assert file.warnings == ()


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("/etc/passwd.txt", "etc/passwd.txt"),
        ("C:\\Users\\a.txt", "C:/Users/a.txt"),
        ("a/./b/../c.txt", "a/b/c.txt"),
        ("x\u202etxt.exe", "xtxt.exe"),
        ("..", "unnamed"),
        ("a\nb.txt", "ab.txt"),
    ],
)
def test_a_path_is_only_a_name(path: str, part: str) -> None:
    assert parts(opened(ArchiveFile, zip_of({path: "text"}))) == [part]


def test_two_members_of_one_name_are_told_apart() -> None:
    assert parts(opened(ArchiveFile, zip_of({"a/b.txt": "one", "a//b.txt": "two"}))) == ["a/b (2).txt", "a/b.txt"]


def test_names_in_the_systems_own_encoding_are_read() -> None:
    held = io.BytesIO()
    with ZipFile(held, "w") as archive:
        archive.writestr("xxxx.txt", "text")
    data = held.getvalue().replace(b"xxxx", "病历".encode("gb2312"))
    assert parts(opened(ArchiveFile, data)) == ["病历.txt"]


def test_a_link_is_not_followed() -> None:
    held = io.BytesIO()
    with ZipFile(held, "w") as archive:
        link = ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.txt", "one")
    file = opened(ArchiveFile, held.getvalue())
    assert texts(file) == ["one"]
    assert file.warnings == ("link.txt: not read (unsupported_format)",)


def test_a_member_that_cannot_be_read_costs_only_itself() -> None:
    file = opened(
        ArchiveFile, zip_of({"a.txt": "one", "b.exe": b"\x7fELF" + bytes(range(256)), "c.pdf": "%PDF-1.7 no"})
    )
    assert texts(file) == ["one"]
    assert file.warnings == ("b.exe: not read (unknown_format)", "c.pdf: not read (damaged)")


def test_many_unread_members_are_named_only_so_far() -> None:
    members = {f"{number}.bin": b"\x7fELF" + bytes(99) for number in range(80)}
    file = opened(ArchiveFile, zip_of({"a.txt": "one", **members}))
    assert len(file.warnings) == 51
    assert file.warnings[-1] == "30 more warnings about files in it"


def test_warnings_of_a_member_name_it() -> None:
    file = opened(ArchiveFile, zip_of({"old.txt": "caf\xe9 and more of it".encode("latin-1")}))
    assert file.warnings[0].startswith("old.txt: the text is not UTF-8")


def test_archives_in_archives_are_read_three_deep() -> None:
    two = zip_of({"letter.txt": "deep"})
    three = zip_of({"inner.zip": zip_of({"two.zip": two})})
    assert parts(opened(ArchiveFile, three)) == ["inner.zip/two.zip/letter.txt"]
    file = opened(ArchiveFile, zip_of({"three.zip": three, "a.txt": "one"}))
    assert texts(file) == ["one"]
    assert file.warnings == ("three.zip: not read (no_readable_members)",)


def test_an_archive_without_a_readable_file_is_refused() -> None:
    assert refusal_code(ArchiveFile, zip_of({})) == "no_readable_members"
    assert refusal_code(ArchiveFile, zip_of({"a.bin": bytes(200)})) == "no_readable_members"


def test_a_locked_archive_asks_for_one_without_a_password() -> None:
    data = bytearray(zip_of({"a.txt": "one"}))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert refusal_code(ArchiveFile, bytes(data)) == "office_password"


def test_too_many_members_are_refused() -> None:
    data = zip_of({f"{number}.txt": "x" for number in range(6)})
    assert refusal_code(ArchiveFile, data, members=5) == "too_many_members"


def test_nested_archives_share_one_limit() -> None:
    inner = zip_of({"a.txt": b"x" * 40_000}, ZIP_DEFLATED)
    data = zip_of({f"{number}.zip": inner for number in range(5)})
    assert refusal_code(ArchiveFile, data, unpacked_bytes=100_000) == "unpacks_too_large"
    assert refusal_code(ArchiveFile, data, members=9) == "too_many_members"


def test_bombs_are_refused_in_no_time() -> None:
    leaf = flat_bomb(9 << 20)
    began = time.monotonic()
    assert refusal_code(ArchiveFile, nested_bomb(levels=4, width=3, leaf=leaf)) in (
        "no_readable_members",
        "unpacks_too_large",
    )
    assert refusal_code(ArchiveFile, flat_bomb(50 << 20)) == "unpacks_too_large"
    assert time.monotonic() - began < 5


def test_no_more_than_two_members_are_open_at_once() -> None:
    file = ArchiveFile(Source(name="a.zip", data=zip_of({f"{n}.txt": "x" for n in range(9)})), Limits())
    texts(file)
    assert len(file._open) == 2


def test_mutated_archives_give_pages_or_a_refusal() -> None:
    seed = zip_of({"a.txt": "one two", "b/c.csv": "a;b\n1;2\n", "d.zip": zip_of({"e.txt": "three"})}, ZIP_DEFLATED)
    read = [survives(ArchiveFile, data) for data in mutations(seed, 300)]
    assert any(read)
    assert not all(read)


def test_a_page_is_found_in_whatever_it_is_packed_in() -> None:
    file = opened(ArchiveFile, zip_of({"a.txt": "x", "b.zip": zip_of({"c.zip": zip_of({"d.txt": "one\ftwo"})})}))
    inner, number = innermost(file, 3)
    assert isinstance(inner, TextFile)
    assert (number, inner.read(number).composed.text) == (2, "two")

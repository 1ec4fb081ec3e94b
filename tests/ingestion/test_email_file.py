"""An e-mail is its head and body, then the pages of what is attached."""

from __future__ import annotations

import time
from email.message import EmailMessage, Message

import pymupdf
import pytest

from assistant.ingestion.containers.email_file import EmailFile, MailboxFile
from tests.ingestion.hostile_archives import zip_of
from tests.ingestion.opened_files import mutations, opened, parts, refusal_code, survives, texts

HEAD = b"From: a@example.org\nMIME-Version: 1.0\nSubject: A letter\n"


def message(subject: str = "Results", text: str = "Dear colleague,") -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Dr. Ädä Tést <ada@example.org>"
    made["To"] = "ward@example.org"
    made["Subject"] = subject
    made["Date"] = "Fri, 01 Mar 2024 10:00:00 +0100"
    made.set_content(text)
    return made


def pdf(text: str) -> bytes:
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), text)
        return bytes(document.tobytes())


def first_text(data: bytes | Message[str, str]) -> str:
    return texts(opened(EmailFile, data if isinstance(data, bytes) else data.as_bytes()))[0]


def test_the_head_and_the_body_are_the_first_page() -> None:
    assert first_text(message(subject="Befund für Frau Müller", text="Hello,\n\nall well.\n\n> older\n> words\n")) == (
        "Befund für Frau Müller\n\n"
        "From: Dr. Ädä Tést <ada@example.org>\nTo: ward@example.org\nDate: Fri, 01 Mar 2024 10:00:00 +0100\n\n"
        "Hello,\n\nall well.\n\n> older\n> words"
    )


def test_plain_text_is_read_rather_than_its_html_twin() -> None:
    made = message(text="plain words")
    made.add_alternative("<p>marked-up words</p>", subtype="html")
    assert "plain words" in first_text(made)
    assert "marked-up" not in first_text(made)


def test_html_is_read_where_there_is_no_plain_text() -> None:
    made = message(text=" \n")
    made.add_alternative("<table><tr><td>Potassium</td><td>5.9</td></tr></table>", subtype="html")
    assert first_text(made).endswith("Potassium\t5.9")


def test_attachments_are_pages_with_their_names() -> None:
    inner = message(subject="Older letter", text="from last year")
    inner.add_attachment("a;b\n1;2\n", subtype="csv", filename="values.csv")
    made = message()
    made.add_attachment(pdf("Potassium 5.9"), maintype="application", subtype="pdf", filename="Befund März.pdf")
    made.add_attachment(inner)
    made.add_attachment(zip_of({"in/note.txt": "zipped"}), maintype="application", subtype="zip", filename="x.zip")
    file = opened(EmailFile, made.as_bytes())
    assert parts(file) == [None, "Befund März.pdf", "Older letter", "Older letter/values.csv", "x.zip/in/note.txt"]
    assert texts(file)[1:] == ["Potassium 5.9", texts(file)[2], "a\tb\n1\t2", "zipped"]
    assert texts(file)[2].endswith("from last year")
    assert file.warnings == ()


def test_two_attachments_of_one_name_and_one_without_are_told_apart() -> None:
    made = message()
    made.add_attachment("one", filename="note.txt")
    made.add_attachment("two", filename="../note.txt")
    made.add_attachment("three", disposition="attachment")
    assert parts(opened(EmailFile, made.as_bytes())) == [None, "note.txt", "note (2).txt", "part 3"]


def test_an_attachment_that_cannot_be_read_is_named_and_costs_only_itself() -> None:
    made = message()
    made.add_attachment(b"\x7fELF" + bytes(99), maintype="application", subtype="x-thing", filename="tool")
    made.add_attachment(b"\x30\x80", maintype="application", subtype="pkcs7-mime", filename="smime.p7m")
    made.add_attachment(b"\x30\x80", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    file = opened(EmailFile, made.as_bytes())
    assert file.page_count == 1
    assert file.warnings == ("tool: not read (unknown_format)", "smime.p7m: not read (encrypted)")


def test_a_logo_in_the_text_is_no_page() -> None:
    made = message()
    made.add_alternative("<p>Hello</p><img src='cid:logo'>", subtype="html")
    html = made.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(b"\x89PNG\r\n\x1a\n" + bytes(99), maintype="image", subtype="png", cid="<logo>")
    file = opened(EmailFile, made.as_bytes())
    assert (file.page_count, file.warnings) == (1, ())


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        (b"utf-8", "naïve".encode(), "naïve"),
        (b"iso-8859-1", b"\x93quoted\x94", "“quoted”"),
        (b"gb18030", "病历".encode("gb18030"), "病历"),
        (b"utf-8", b"caf\xe9", "café"),
        (b"no-such-charset", "naïve".encode(), "naïve"),
        (b"hex", b"plain", "plain"),
        (b"", "naïve".encode(), "naïve"),
    ],
)
def test_any_charset_is_read_and_a_wrong_one_does_no_harm(charset: bytes, raw: bytes, text: str) -> None:
    data = HEAD + b"Content-Type: text/plain; charset=" + charset + b"\nContent-Transfer-Encoding: 8bit\n\n" + raw
    assert first_text(data).endswith(f"\n\n{text}")


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (b"=?utf-8?B?QmVmdW5k?=", "Befund"),
        (b"=?utf-8?q?Bef=C3=BCr?= =?utf-8?q?_sie?=", "Befür sie"),
        (b"=?no-such?q?a?=", "a"),
        (b"=?utf-8?B?###?=", "=?utf-8?B?###?="),
        ("für".encode(), "für"),
        (b"folded\n over lines", "folded over lines"),
    ],
)
def test_headers_are_decoded_where_they_can_be(header: bytes, shown: str) -> None:
    assert first_text(b"From: a@b.c\nSubject: " + header + b"\n\nbody").startswith(shown)


def test_lines_broken_by_the_sender_are_joined() -> None:
    data = HEAD + b"Content-Type: text/plain; format=flowed\n\none long \nline\n-- \nA. Test"
    assert first_text(data).endswith("one long line\n-- \nA. Test".replace(" \n", "\n"))


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b'Content-Type: multipart/mixed; boundary="x"\n\n--x\n\nthe body',
        HEAD + b"Content-Type: multipart/mixed\n\nthe body",
        HEAD + b"Content-Type: text/plain; charset\n\nthe body",
        HEAD + b"Content-Type: ;;;\n\nthe body",
        HEAD + b"Content-Transfer-Encoding: x-strange\n\nthe body",
        HEAD.replace(b"\n", b"\r\n") + b"\r\nthe body\r\n",
    ],
)
def test_a_damaged_message_still_has_its_body(data: bytes) -> None:
    assert first_text(data).endswith("the body")


def test_messages_in_messages_are_read_three_deep() -> None:
    data = (
        HEAD + b"".join(b"Content-Type: message/rfc822\n\nSubject: level %d\n" % level for level in range(4)) + b"\nx"
    )
    file = opened(EmailFile, data)
    assert parts(file) == [None, "level 0", "level 0/level 1"]
    assert file.warnings == ("level 0/level 1/level 2: not read (unsupported_format)",)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (
            HEAD + b'Content-Type: multipart/mixed; boundary="x"\n\n' + b"--x\nContent-Type: a/b\n\nx\n" * 10_000,
            "too_many_members",
        ),
        (
            HEAD + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(20_000)),
            "damaged",
        ),
    ],
)
def test_more_parts_than_anybody_sends_are_refused_in_no_time(data: bytes, code: str) -> None:
    began = time.monotonic()
    assert refusal_code(EmailFile, data) == code
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "header",
    [
        b"Subject: " + b"x" * 5_000_000,
        b"To: " + b"=?utf-8?q?a?= " * 300_000,
        b"Content-Type: text/plain; " + b'a;"' * 500_000,
        b"Content-Disposition: attachment; filename*0=" + b"a; filename*1=" * 100_000,
        b"X: y\n" * 100_000 + b"X: z",
    ],
)
def test_headers_without_end_cost_little(header: bytes) -> None:
    began = time.monotonic()
    assert opened(EmailFile, b"From: a@b.c\n" + header + b"\n\nbody").page_count >= 1
    assert time.monotonic() - began < 3


def test_a_mailbox_is_its_messages() -> None:
    box = b"".join(
        b"From a@b.c Fri Mar  1 10:00:00 2024\n" + HEAD + b"\nText %d\n>From the start\n\n" % number
        for number in (1, 2)
    )
    file = opened(MailboxFile, box)
    assert parts(file) == ["message 1", "message 2"]
    assert texts(file)[1].endswith("Text 2\nFrom the start")


def test_mutated_messages_give_pages_or_a_refusal() -> None:
    made = message()
    made.add_alternative("<p>Hello <b>you</b></p>", subtype="html")
    made.add_attachment(b"a;b\n1;2\n", maintype="text", subtype="csv", filename="wörter.csv")
    made.add_attachment(message("inner"))
    read = [survives(EmailFile, data) for data in mutations(made.as_bytes(), 300)]
    assert sum(read) > 200

"""Text is decoded whatever it was saved as."""

from __future__ import annotations

import pytest

from assistant.ingestion.encoding import decode, looks_like_text

TEXT = "Glucose 5,6 mmol/l, Müller – Größe 1,80 m\n" * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognized_with_and_without_a_mark(encoding: str) -> None:
    decoded = decode(TEXT.encode(encoding))
    assert decoded.text == TEXT
    assert decoded.warnings == ()
    assert looks_like_text(TEXT.encode(encoding))


def test_other_bytes_are_read_as_windows_1252_and_said_to_be() -> None:
    decoded = decode(TEXT.encode("cp1252"))
    assert decoded.text == TEXT
    assert "Windows-1252" in decoded.warnings[0]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "患者女性，75岁，因胸闷、气短两周入院。血钾5.9 mmol/L。既往高血压病史十年，青霉素过敏。"),
        ("shift_jis", "患者は75歳の女性で、二週間の息切れのため入院した。カリウム5.9 mmol/L。"),
        ("cp1251", "Пациентка 75 лет, поступила с одышкой в течение двух недель. Калий 5,9 ммоль/л."),
        ("cp1253", "Η ασθενής, 75 ετών, εισήχθη με δύσπνοια δύο εβδομάδων. Κάλιο 5,9 mmol/L."),
        ("cp1250", "Pacjentka lat 75, przyjęta z powodu duszności. Nadciśnienie tętnicze, cukrzyca od 2010."),
    ],
)
def test_other_scripts_are_guessed_and_the_guess_is_named(encoding: str, text: str) -> None:
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert "guess" in decoded.warnings[0]


def test_damaged_utf8_keeps_what_is_good() -> None:
    data = ("äöü" * 100).encode() + b"\xff" + "ß".encode()
    decoded = decode(data)
    assert decoded.text == "äöü" * 100 + "\ufffdß"
    assert "1 characters" in decoded.warnings[0]


def test_bytes_of_a_program_are_no_text() -> None:
    assert not looks_like_text(bytes(range(256)))
    assert not looks_like_text(b"\x7fELF\x02\x01\x01" + bytes(50))
    assert not looks_like_text(b"\x01\x02\x03\x04" * 20)

"""Words of questions mean those in which records tell what they ask for, and no others."""

from __future__ import annotations

from tools.bundled_model.meanings import listed_meanings, meanings


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SEGMENTS = [words(f"line {n} of the record") for n in range(400)] + [words("alcohol none the")] * 10


def test_a_word_means_what_its_answers_say_and_other_segments_do_not() -> None:
    found = meanings([(words("drink the patient"), words("alcohol none the"))] * 10, SEGMENTS)
    assert set(found["drink"]) == {"alcohol", "none"}
    assert "the" not in found["drink"]  # any segment says it


def test_a_word_that_stands_in_the_answer_needs_no_other() -> None:
    assert "alcohol" not in meanings([(words("alcohol"), words("alcohol none the"))] * 10, SEGMENTS)


def test_what_was_seen_seldom_or_tells_many_things_means_nothing() -> None:
    assert not meanings([(words("drink"), words("alcohol"))] * 3, SEGMENTS)
    many = [(words("patient"), words(f"thing{n}")) for n in range(40)]
    assert "patient" not in meanings([*many, *[(words("patient"), words("alcohol"))] * 9], SEGMENTS)


def test_an_abbreviation_means_its_words_and_the_last_of_them_the_abbreviation() -> None:
    listed = listed_meanings()
    assert {"blood", "pressure"} <= set(listed["bp"])
    assert "bp" in listed["pressure"]
    assert all(word not in others for word, others in listed.items())

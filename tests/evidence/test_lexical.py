"""Clinical tokens, and passages ranked by them."""

from __future__ import annotations

import pytest

from assistant.evidence.lexical import LexicalRanking, is_chinese, query_terms, terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HbA1c,", "hba1c"),
        ("5 mg", "5mg"),
        ("b.i.d.", "BID"),
        ("1,200 ml", "1200ml"),
        ("10 µg", "10 ug"),
        ("fractures", "fracture"),
        ("Crohn’s", "crohn"),
    ],
)
def test_ways_to_write_one_thing_are_one_token(one: str, other: str) -> None:
    assert set(terms(one)) & set(terms(other)) - {"5", "10", "mg", "ug"}


def test_numbers_keep_their_parts_together() -> None:
    assert terms("120/80 and 3.5-5.1") == ["120/80", "120", "80", "3.5-5.1", "3", "5", "5", "1"]
    assert terms("0.25") == ["0.25"]


def test_a_quantity_is_found_as_a_whole_and_by_its_number() -> None:
    assert terms("lisinopril 20 mg") == ["lisinopril", "20", "mg", "20mg"]


def test_hyphenated_drugs_are_found_whole_and_in_parts() -> None:
    assert terms("co-trimoxazole") == ["co-trimoxazole", "co", "trimoxazol"]


def test_negations_are_kept() -> None:
    assert terms("no chest pain") == ["no", "chest", "pain"]


def test_chinese_is_cut_into_characters_and_pairs_of_them() -> None:
    assert terms("高血压，糖") == ["高", "血", "压", "高血", "血压", "糖"]


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("患者有什么过敏史？", ["有", "过敏", "敏史"]),
        ("她的肌酐是多少？", ["肌酐", "酐是"]),
        ("糖？", ["糖"]),
        ("氨氯地平 5mg 的剂量", ["氨氯", "氯地", "地平", "5", "mg", "5mg", "剂量"]),
        ("any allergies", ["any", "allergi"]),
    ],
)
def test_a_chinese_question_asks_by_pairs_and_not_by_its_asking_words(question: str, asked: list[str]) -> None:
    assert query_terms(question) == asked


def test_a_chinese_question_finds_the_text_with_its_words() -> None:
    texts = ("青霉素过敏，皮疹。", "高血压病史十年，服用氨氯地平。", "肌酐135，估算肾小球滤过率48。", "血糖控制良好。")
    ranking = LexicalRanking([terms(text) for text in texts])
    asked = ("患者对什么过敏？", "高血压吃什么药？", "肾小球滤过率是多少？", "糖？")
    assert [int(ranking.scores(query_terms(question)).argmax()) for question in asked] == [0, 1, 2, 3]


def test_a_text_is_chinese_by_most_of_its_letters() -> None:
    assert is_chinese("肌酐135 μmol/L，估算肾小球滤过率48")
    assert not is_chinese("Li Wei (李伟) has hypertension")
    assert not is_chinese("120/80")


def test_the_text_with_the_rarer_word_ranks_first() -> None:
    ranking = LexicalRanking([terms(text) for text in ("knee pain today", "knee fracture", "chest pain today")])
    scores = ranking.scores(terms("fractured knee"))
    assert scores.argmax() == 1
    assert scores[2] == 0


def test_a_query_of_unknown_or_no_words_finds_nothing() -> None:
    ranking = LexicalRanking([terms("knee pain")])
    assert not ranking.scores(terms("xylophone")).any()
    assert not ranking.scores(terms("the of")).any()
    assert LexicalRanking([]).scores(["knee"]).size == 0
    assert LexicalRanking([[], []]).scores(["knee"]).tolist() == [0, 0]

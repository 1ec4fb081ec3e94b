"""Recognize a broad question, one that asks for all of a topic: "any allergies?", "list all medications", "summarize".

A question is broad if it holds nothing but the words of its topic and the words that questions are made of: "Which
medication does she take?" is, "Which medication was started for the gout?" is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from assistant.domain import DocumentKind
from assistant.evidence.coverage import Topic, topic_stem
from assistant.evidence.lexical import is_chinese

# What may stand around the topic in a broad question, in any of its inflections.
_ASKING = """
a about all also an and any anything are as at be been can case complete could current currently did do does documented
entire ever every far file for from full further get give given had has have he her his how i in is it its know known
last latest list listed many me mention most my new no now of on or other our out overview past patient please
present previous previously recent recorded records s said say she show some take taken takes taking tell term that the
their them there these they this those time to today under up us was we were what when which who with would you
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    """How a topic is asked for, the headings that it stands under, its documents, and words that find it elsewhere.

    `asked` are the words of the topic, `beside` those that go with them and name no topic of their own.
    """

    asked: str
    beside: str = ""
    chinese: str = ""
    headings: str = ""
    kinds: tuple[DocumentKind, ...] = ()
    query: str


_TOPICS = (
    _Spoken(
        asked="allergy allergies allergic intolerance intolerances",
        beside="drug drugs food medicine medication adverse reaction reactions status",
        chinese="过敏 过敏史 药物过敏 药物过敏史",
        headings="allergy allergies allergic intolerance intolerances adverse 过敏 过敏史 药物过敏史",
        query="allergies, allergic reaction, no known drug allergies, anaphylaxis, rash 过敏",
    ),
    _Spoken(
        asked="medication medicine drug tablet pill meds prescription prescribed",
        beside="dose doses dosage regular home list prescribed",
        chinese="药 药物 用药 用药史 服药 吃药",
        headings="medication medications medicine medicines drugs meds prescription prescriptions 药物 用药 用药史",
        kinds=(DocumentKind.MEDICATION_LIST,),
        query="current medications, dose in mg, tablet, once daily, twice daily 用药",
    ),
    _Spoken(
        asked="operation operations surgery surgeries surgical procedure procedures operated",
        beside="undergone history performed done",
        chinese="手术 手术史",
        headings="operation operations operative surgery surgical procedure procedures 手术 手术史",
        kinds=(DocumentKind.OPERATION_NOTE,),
        query="operation, surgery, surgical procedure performed 手术",
    ),
    _Spoken(
        asked="problem diagnosis diagnoses condition disease comorbidities illness medical",
        beside="history chronic active main list suffer",
        chinese="诊断 疾病 病史 既往史",
        headings="problem diagnosis diagnoses impression assessment condition past pmh 诊断 既往史 病史",
        query="diagnosis, medical history, problem list, assessment 诊断",
    ),
    _Spoken(
        asked="result results lab labs laboratory bloods",
        beside="blood test tests value values abnormal findings",
        chinese="化验 检验 检验结果 化验结果 检查结果",
        headings="result results lab labs laboratory investigations 检验 化验 检查",
        kinds=(DocumentKind.LABORATORY,),
        query="laboratory results, blood test, reference range 检验",
    ),
    _Spoken(
        asked="imaging scan scans xray radiology radiograph radiographs mri ct ultrasound echocardiogram",
        beside="x ray result results findings report reports done test tests",
        chinese="影像 影像检查",
        headings="imaging radiology scan scans findings 影像",
        kinds=(DocumentKind.RADIOLOGY,),
        query="imaging, CT, MRI, X-ray, ultrasound, echocardiogram findings 影像",
    ),
    _Spoken(
        asked="biopsy biopsies pathology histology",
        beside="result results findings report reports done",
        chinese="病理 活检",
        headings="biopsy pathology histology 病理",
        kinds=(DocumentKind.PATHOLOGY,),
        query="biopsy, pathology, histology, diagnosis 病理",
    ),
    _Spoken(
        asked="admission admissions hospitalization hospitalizations hospitalized hospitalisations admitted",
        beside="hospital stays stay",
        chinese="住院 住院史",
        headings="admission hospital 入院 出院 住院",
        kinds=(DocumentKind.DISCHARGE_SUMMARY,),
        query="admitted to hospital, discharge summary, reason for admission 住院",
    ),
    _Spoken(
        asked="vaccination vaccinations vaccine vaccines vaccinated immunization immunizations immunisations",
        beside="status history",
        chinese="疫苗 接种 接种史",
        headings="vaccination vaccinations vaccine vaccines immunization immunizations immunisations 疫苗 接种",
        query="vaccination, immunization, influenza, tetanus, pneumococcal 疫苗",
    ),
    _Spoken(
        asked="family",
        beside="history medical",
        chinese="家族史",
        headings="family 家族史",
        query="family history, mother, father, sister, brother 家族史",
    ),
    _Spoken(
        asked="social smoking smoker smoke alcohol drinking occupation lifestyle",
        beside="history status drink habits",
        chinese="吸烟 饮酒 个人史",
        headings="social lifestyle smoking alcohol 个人史",
        query="social history, smoking, alcohol, occupation, lives with 吸烟 饮酒",
    ),
    _Spoken(
        asked="followup follow plan plans appointment appointments actions",
        beside="planned care open outstanding next step steps due",
        chinese="随访 计划 复查",
        headings="plan plans followup follow recommendations disposition 随访 计划",
        query="plan, follow-up appointment, review in clinic, repeat test 随访",
    ),
)
_SUMMARY_ASKED = "summarize summarise summary overview story happened sum"
_SUMMARY_WORDS = f"{_SUMMARY_ASKED} background overall brief briefly history medical clinical"
_SUMMARY_CHINESE = "总结 概述 概括 摘要 病情"
_EVERYTHING = Topic(
    query="summary, diagnosis, reason for the visit, treatment, assessment and plan, discharge 诊断 治疗"
)

# Where a document sums itself up: what a reader that cannot sum up may quote.
_SUMMING_UP = "diagnosis diagnoses impression conclusion summary assessment problem problems 诊断 结论 小结"

_WORD = re.compile(r"[^\W_]+")
_CHINESE_ASKING = re.compile(
    "请问|请|列出|所有|全部|什么|哪些|哪种|目前|现在|最近|正在|有没有|是否|有无|记录|患者|病人|情况|一下|使用|服用|曾经|做过"
    "|[的了吗呢有在是他她它和及其]|[^\u4e00-\u9fff]"
)


def broad_topic(question: str) -> Topic | None:
    """What a broad question asks for all of; None if the question is not broad."""
    if is_chinese(question):
        return _chinese_topic(question)
    words = {topic_stem(word) for word in _WORD.findall(question.lower())}
    if words & _stems(_SUMMARY_ASKED) and words <= _stems(_ASKING) | _stems(_SUMMARY_WORDS):
        return _EVERYTHING
    spoken = [topic for topic in _TOPICS if words & _stems(topic.asked)]
    allowed = _stems(_ASKING).union(*(_stems(f"{topic.asked} {topic.beside}") for topic in spoken))
    return _merged(spoken) if spoken and words <= allowed else None


def telling_headings(topic: Topic) -> frozenset[str]:
    """The stems of headings under which the answer stands; of everything, where a document sums itself up."""
    return topic.headings or _stems(_SUMMING_UP)


def _chinese_topic(question: str) -> Topic | None:
    asked = [part for part in _CHINESE_ASKING.split(question) if part]
    if asked and set(asked) <= set(_SUMMARY_CHINESE.split()):
        return _EVERYTHING
    spoken = [topic for topic in _TOPICS if set(asked) & set(topic.chinese.split())]
    known = {word for topic in spoken for word in topic.chinese.split()}
    return _merged(spoken) if spoken and set(asked) <= known else None


def _merged(spoken: list[_Spoken]) -> Topic:
    """One topic of several: "medications and allergies"."""
    return Topic(
        query=", ".join(topic.query for topic in spoken),
        headings=frozenset().union(*(_stems(topic.headings) for topic in spoken)),
        kinds=frozenset(_kinds(spoken)),
    )


def _kinds(spoken: list[_Spoken]) -> Iterator[DocumentKind]:
    return (kind for topic in spoken for kind in topic.kinds)


@cache
def _stems(words: str) -> frozenset[str]:
    return frozenset(topic_stem(word) for word in words.split())

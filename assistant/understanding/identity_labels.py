"""Find the names, birth dates, sexes and record numbers of patients that labels on a page state.

Only what is labelled counts ("Patient: ...", "DOB ...", 姓名), and a name where only a patient's stands: before a birth
date or a record number, before "is a 62-year-old". What belongs to a relative or a clinician is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.domain import Page, Span, Stated

# Lengths are bounded: what is no name may be a page long.
_REST = r"(?:[^\W\d_]|['’](?=[^\W\d_])){0,30}(?:-[^\W\d_]{1,30}){0,3}(?:\.(?![^\W\d_]))?(?![^\W_]|[ ]?[:：])"
_WORD, _CAPITAL = rf"[^\W\d_]{_REST}", rf"[^\W\d_a-z]{_REST}"
_SURNAME = r"(?:[A-Z]['’])?[^\W\d_a-z]{2,30}(?:['’-][^\W\d_]{1,30}){0,3}"
_FILED = rf"{_SURNAME},[ ]?{_WORD}(?:[ ]{_WORD}){{0,2}}"  # as hospitals file it: SURNAME, Given
_TITLE = r"(?:(?:Mrs?|Ms|Miss|Mx|Master|Herrn?|Frau|Mme|Dr|Prof)\.?[ ])"
_LABELS = re.compile(
    r"\b(?=[A-ZÀ-Ýbdg])(?:(?P<number>MRN|M\.R\.N|SSN|NHI|URN?(?= )|PID|CHI(?= ?[:\d])"
    r"|(?:NHS|CHI|H&C|Hospital|Practice|Unit|Eye|Community|Chart|Clinic|Patient|Record|Medical [Rr]ecord"
    r"|Case ?[Nn]ote"
    r"|Registration|[Ss]ocial [Ss]ecurity|HOSPITAL|PATIENT|UNIT|RECORD|CHART|MEDICAL RECORD)"
    r" (?:[Nn]o\b|NO\b|[Nn]umber|NUMBER|ID\b|Id\b|#)"
    r"|Patienten-?(?:ID|[Nn]ummer|[Nn]r)|Fall-?[Nn]r)"
    r"|(?P<birth>D\.?O\.?B\b|[Dd]ate of [Bb]irth|DATE OF BIRTH|[Bb]irth ?[Dd]ate|BIRTH ?DATE|[Bb]orn(?! (?:on|in|at))"
    r"|BORN|Geburtsdatum|[Gg]eb\.|[Gg]eboren(?: am)?|[Dd]ate de naissance|Née? le)"
    r"|(?P<surname>(?:Sur|Last |Family )[Nn]ame|(?:SUR|LAST |FAMILY )NAME)"
    r"|(?P<name>(?:Patient|PATIENT|Pt|Client|Resident)(?:['’]?[sS])? (?:[Ff]ull )?(?:[Nn]ame|NAME)|Name of [Pp]atient"
    r"|Also known as|Patientenname|Patient(?:in)?|PATIENT)"
    r"|(?P<weak_name>(?:Full [Nn]|N)ame|NAME|R[eE](?= ?[:：]))"
    r"|(?P<sex>Sex|SEX|Gender|GENDER))"
)
_HAN_LABELS = re.compile(
    r"(?P<number>病历号|病案号|住院号|门诊号|登记号|就诊卡号|患者(?:编号|ID))|(?P<birth>出生(?:日期|年月日?|时间)?)"
    r"|(?P<name>(?:患者|病人)?姓 ?名)|(?P<sex>性别)"
)
_HAN = re.compile("[\u4e00-\u9fff]")
_AGED = re.compile(r"(?:year|month|week)s?[ -]old")
# What may stand between a label and its value.
_AFTER_LABEL = re.compile(r"(?:[ ]?\([^()\n]{1,30}\))?\.?[ \t]*(?P<colon>[:：·#|])?[ \t]*")
_NUMBER = re.compile(
    r"((?:[A-Z]{1,4}[- ]?)?\d[\dA-Z]*(?:-\d+| \d{3,}){0,5}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})(?![\w/])"
)
_BIRTH_DATE = re.compile(
    r"(\d{4} ?年 ?\d{1,2} ?月 ?\d{1,2} ?日|\d{1,4}[-/. ](?:\d{1,2}|[^\W\d_]{3,9}\.?)[-/. ]\d{2,4}(?!\d)"
    r"|\d{1,2}(?:st|nd|rd|th|\.) [^\W\d_]{3,9},? \d{4}|[^\W\d_]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}"
    r"|\d{1,2}-?[A-Za-z]{3}-?\d{4}|(?:19|20)\d{6}(?!\d))"
)
_SEX = re.compile(r"((?i:female|male|f|m)\b|[男女])")
_NAME = re.compile(rf"{_TITLE}?({_WORD}(?:,[ ]?{_WORD})?(?:[ ]{_WORD}){{0,3}})")
_HAN_NAME = re.compile(r"([\u4e00-\u9fff]{2,4}(?:·[\u4e00-\u9fff]{1,8})?)(?=[\s，,;；。|]|性|年|出|$)")
_FILED_NAME = re.compile(rf"({_FILED})")
_TITLED = re.compile(rf"{_TITLE}")
_GIVEN = re.compile(
    rf"[ \t,;\n]*(?:First|Given|Fore|FIRST|GIVEN|FORE)[ -]?(?:[Nn]ame|NAME)(?:s|\(s\))?[ \t]*[:：|]?[ \t]*"
    rf"({_CAPITAL}(?: {_CAPITAL})?)"
)
_NAME_BEFORE = re.compile(
    rf"(?P<staff>\b(?:Dr|Prof|Nurse|Sister)\.? )?(?<![\w'’.-])"
    rf"({_FILED}|{_CAPITAL}(?:,?[ ]{_WORD}){{1,4}})[ \t,·|(;–-]*$"
)
_NAME_AGED = re.compile(rf"(?:^|[.:\t] ?)({_TITLE}?{_CAPITAL}(?: {_CAPITAL}){{1,2}}) is an? [\w-]{{1,12}}$")
_LEADING_LABEL = re.compile(
    rf"^(?:(?:Patient|PATIENT|Name|NAME|Re|RE|Pt|Client)(?:['’]s)?(?: [Nn]ame| NAME)?[ ]|{_TITLE})+"
)
# Words that end a name where the line goes on with the next label.
_NEXT_LABEL = re.compile(
    r"[\s,]+(?:DOB|D\.O\.B|Date|Birth|MRN|NHS|CHI|Sex|Gender|Age|Aged|Hospital|Born|Address|Ward|Page|Tel|Phone"
    r"|Consultant|Male"
    r"|Female|Account|Acct|Visit|Unit|Eye|Practice|Community|Room|Bed|Provider|Physician|PCP|Attending|Encounter"
    r"|Chart|Record"
    r"|Medical|Patient|ID|No|Race|Language|Admit|Admitted|Admission|Discharge|Location|SSN|Collected|Specimen|Lab"
    r"|Report|Status"
    r"|Marital|Ethnicity|Clinic|MD|RN|GP|Title|Legal|Current|Former|Surname)\b.*$"
)
_NOT_A_NAME = re.compile(
    r"\b(?:was|is|has|had|denies|reports|presents|with|and|the|of|for|to|in|on|information|summary|name|details"
    r"|record|history"
    r"|instructions?|education|care|plan|hospital|clinic|centre|center|discharge|medications?|medical|unknown|not"
    r"|none|service"
    r"|services|identification|identifiers?|portal|class|type|demographics|seen|review|reviewed|report|department"
    r"|sex|female"
    r"|male|consent|leaflet|safety|request|letter|outpatient|appointment|follow-up|referral|test|tests|results?"
    r"|drug|surgery"
    r"|practice|university|laboratory|pathology|health|yes|no|status|date|birth|number|label|signature|allerg\w*)\b",
    re.IGNORECASE,
)
_PARTICLES = frozenset("de da di du del della la le van von der den dos bin ibn al el y e zu ter ten".split())
_SOMEBODY_ELSE = re.compile(
    r"\b(?:next of kin|nok|emergency|contact|guardian|mother|father|husband|wife|spouse|partner|son|daughter"
    r"|brother|sister|aunt|uncle|cousin|baby|infant|child|newborn|donor|guarantor|subscriber|insured|policy|holder"
    r"|carer|caregiver"
    r"|relative|parent|provider|physician|doctor|consultant|clinician|author|nurse|surgeon|referr\w+|witness"
    r"|informant|interpreter|employer"
    r"|pharmacy|custodian|insurance|file|drug|test|brand|generic|study|procedure|organi[sz]ation|facility|plan"
    r"|participant"
    r"|attorney|proxy|user)\b|家属|联系人|母亲|父亲|医师|医生|护士",
    re.IGNORECASE,
)
_NEARBY_CHARACTERS = 300
_BEFORE_CHARACTERS = 48
_LONGEST_LINE = 240  # what stands further before a label says nothing of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What the labels on a page state of its patient, in the order of the page."""

    names: tuple[Stated, ...] = ()
    birth_dates: tuple[Stated, ...] = ()
    sexes: tuple[Stated, ...] = ()
    numbers: tuple[Stated, ...] = ()


def labelled(page: Page) -> Labelled:
    """The names, birth dates, sexes and record numbers that labels on the page state."""
    return _PageLabels(page).read()


class _PageLabels:
    """One reading of one page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._text = page.text
        self._names: list[Stated] = []
        self._weak_names: list[Stated] = []
        self._birth_dates: list[Stated] = []
        self._sexes: list[Stated] = []
        self._numbers: list[Stated] = []

    def read(self) -> Labelled:
        """Label by label."""
        readers = {
            "number": self._read_number,
            "birth": self._read_birth,
            "surname": self._read_surname,
            "name": self._read_name,
            "weak_name": self._read_weak_name,
            "sex": self._read_sex,
        }
        for label in self._labels():
            if label.lastgroup == "sex" or not self._is_somebody_elses(label):
                readers[label.lastgroup or ""](label)
        if "old" in self._text:
            for age in _AGED.finditer(self._text):
                self._read_aged(age)
        return Labelled(
            names=(*self._names, *self._anchored(self._weak_names)),
            birth_dates=tuple(self._birth_dates),
            sexes=tuple(self._sexes),
            numbers=tuple(self._numbers),
        )

    def _labels(self) -> Iterator[re.Match[str]]:
        for label in _LABELS.finditer(self._text):
            if self._text[label.start() - 1 : label.start()] not in ("'", "’", "-", "_"):
                yield label
        if _HAN.search(self._text):
            yield from _HAN_LABELS.finditer(self._text)

    def _read_number(self, label: re.Match[str]) -> None:
        found = _NUMBER.match(self._text, self._value_start(label))
        if found and sum(map(str.isdigit, found.group())) >= 4:
            self._numbers.append(self._stated(found))
            self._read_name_before(label)

    def _read_birth(self, label: re.Match[str]) -> None:
        found = _BIRTH_DATE.match(self._text, self._value_start(label))
        if found:
            self._birth_dates.append(self._stated(found))
            self._read_name_before(label)

    def _read_sex(self, label: re.Match[str]) -> None:
        found = _SEX.match(self._text, self._value_start(label))
        if found:
            self._sexes.append(self._stated(found))

    def _read_aged(self, label: re.Match[str]) -> None:
        start = self._line_start(label.start())
        found = _NAME_AGED.search(self._text[start : label.start() - 1])
        if found:
            self._add(self._names, found.group(1), start + found.start(1))

    def _read_surname(self, label: re.Match[str]) -> None:
        surname = _NAME.match(self._text, self._value_start(label))
        given = _GIVEN.match(self._text, surname.end()) if surname else None
        if surname and given:
            span = self._span(surname.start(1), given.end(1))
            self._names.append(Stated(value=f"{surname.group(1)}, {given.group(1)}", span=span))

    def _read_name(self, label: re.Match[str]) -> None:
        start, is_separated = self._value_start(label), self._is_separated(label)
        pattern = _NAME if is_separated else _FILED_NAME
        found = _HAN_NAME.match(self._text, start) or pattern.match(self._text, start)
        if found:
            self._add(self._names, found.group(1), found.start(1))

    def _read_weak_name(self, label: re.Match[str]) -> None:
        if not self._is_separated(label):
            return
        start = self._value_start(label)
        found = _NAME.match(self._text, start)
        if found:
            is_sure = label.group()[0] == "R" and (
                _TITLED.match(self._text, start) or _FILED_NAME.match(self._text, start)
            )
            self._add(self._names if is_sure else self._weak_names, found.group(1), found.start(1))

    def _read_name_before(self, label: re.Match[str]) -> None:
        """The name that stands before a birth date or record number, on its line."""
        start = max(self._line_start(label.start()), label.start() - 90)
        found = _NAME_BEFORE.search(self._text[start : label.start()])
        if found and not found["staff"]:
            self._add(self._names, found.group(2), start + found.start(2))

    def _add(self, names: list[Stated], value: str, start: int) -> None:
        if leading := _LEADING_LABEL.match(value):
            value, start = value[leading.end() :], start + leading.end()
        value = _NEXT_LABEL.sub("", value).strip(" ,")
        if _is_name(value):
            names.append(Stated(value=value, span=self._span(start, start + len(value))))

    def _anchored(self, weak: list[Stated]) -> Iterator[Stated]:
        """The names after "Name:" that stand near a birth date or record number: the others may be anybody's."""
        anchors = [stated.span.start for stated in (*self._birth_dates, *self._numbers)]
        for name in weak:
            if any(abs(name.span.start - anchor) < _NEARBY_CHARACTERS for anchor in anchors):
                yield name

    def _is_somebody_elses(self, label: re.Match[str]) -> bool:
        """Whether the words before the label say that it is not the patient's."""
        line_start = self._line_start(label.start())
        before = self._text[max(line_start, label.start() - _BEFORE_CHARACTERS) : label.start()]
        if label.lastgroup in ("birth", "number") and re.search(r"\b(?:Patient|PATIENT|MRN)\b", before):
            return False
        if not before.strip():  # a label that begins its line stands under its heading
            before = self._text[self._line_start(max(line_start - 1, 0)) : line_start]
            before = before if len(before) < _BEFORE_CHARACTERS and not re.search(r"\d", before) else ""
        return _SOMEBODY_ELSE.search(before) is not None

    def _is_separated(self, label: re.Match[str]) -> bool:
        between = _AFTER_LABEL.match(self._text, label.end())
        return between is not None and (
            "\t" in between.group() or between["colon"] is not None or label.group().endswith("名")
        )

    def _value_start(self, label: re.Match[str]) -> int:
        between = _AFTER_LABEL.match(self._text, label.end())
        return between.end() if between else label.end()

    def _line_start(self, at: int) -> int:
        nearest = max(0, at - _LONGEST_LINE)
        found = self._text.rfind("\n", nearest, at)
        return nearest if found < 0 else found + 1

    def _stated(self, found: re.Match[str]) -> Stated:
        return Stated(value=found.group(1), span=self._span(found.start(1), found.end(1)))

    def _span(self, start: int, end: int) -> Span:
        return Span(file=self._page.file, page=self._page.number, start=start, end=end)


def _is_name(value: str) -> bool:
    if "\u4e00" <= value[:1] <= "\u9fff":
        return True
    words = re.split(r",\s*|\s+", value)
    if len(words) < 2 or _NOT_A_NAME.search(value):
        return False
    if any(word[0].islower() and word.casefold() not in _PARTICLES for word in words if word):
        return False
    return sum(len(word.rstrip(".")) > 1 for word in words) >= 1

"""The words that stand before a date in clinical documents, by what they make of it."""

from __future__ import annotations

from enum import StrEnum, auto


class DateLabel(StrEnum):
    """What the words before a date, or its place, say that it is the date of."""

    NOT_THE_EVENT = auto()
    COLLECTED = auto()
    EXAMINED = auto()
    OPERATED = auto()
    DISCHARGED = auto()
    ADMITTED = auto()
    VISITED = auto()
    RECEIVED = auto()
    REPORTED = auto()
    WRITTEN = auto()
    PLAIN = auto()
    TITLE = auto()
    ALONE = auto()
    HEADING = auto()
    TOLD = auto()
    UNLABELLED = auto()


_WHEN = r"(?:(?: ?/ ?| and | )?(?:date|time|day))*"
# One pattern a line; a label ends in one of them. The first label that fits is it.
WORDS = {
    DateLabel.NOT_THE_EVENT: r"""
d\.?o\.?b\.?|(?:date of )?birth(?: ?date)?|born|geb(?:oren|urtsdatum|\.)?(?: am)?|date de naissance
出生(?:日期|年月日?)?
print(?:ed|out)?(?: date| time| on)*|date printed|run date|fax(?:ed)?|sent|downloaded|exported|generated|created
打印(?:日期|时间)?|gedruckt|imprimé le
expir\w*|valid until|due(?: date)?|next [\w ]{0,25}|review (?:due|by)|appointment(?: on| date)?|scheduled(?: for)?
follow[- ]?up(?: appointment| date| visit| on)*|onset(?: date)?|since|seit|lmp|edd|last \w+(?: \w+)?|previous \w+
revised|version|effective|issued?(?: date)?|approved|form rev\w*|referral (?:date|received)|date of referral|referred
dod|deceased|date of death|first seen|diagnosed|discontinued|started?|stopped|policy|comparison|compared (?:to|with)
(?:comparison|prior|previous)\b.{0,40}""",
    DateLabel.COLLECTED: rf"""
(?:specimen |sample |date |blood |biopsy )?(?:collect(?:ed|ion)|taken|drawn|obtained|coll\.?){_WHEN}(?: by.{{0,20}})?
(?:sample|specimen|sampling){_WHEN}|date (?:and time )?of (?:sample|collection|specimen|biopsy)
(?:标本)?采[样集](?:日期|时间)?|标本采集时间|(?:abnahme|entnahme)(?:datum)?|prélevé le""",
    DateLabel.EXAMINED: rf"""
(?:exam(?:ined|ination)?|study(?: night)?|scan(?:ned)?|imaging|performed|done|test|acquired|acquisition){_WHEN}
date (?:and time )?of (?:exam(?:ination)?|study|scan|imaging|test)
检查(?:日期|时间)|untersuchung(?:sdatum| vom)?""",
    DateLabel.OPERATED: rf"""
date (?:and time )?of (?:operation|surgery|procedure|intervention|delivery)
(?:operation|surgery|procedure|theatre|op){_WHEN}
operated|手术(?:日期|时间)|op-?datum""",
    DateLabel.DISCHARGED: rf"""
(?:date (?:and time )?of |actual )?(?:discharged?|dischg?|disch)\.?{_WHEN}(?: home)?|d/c{_WHEN}|date (?:left|out)
transferred|left|went home
出院(?:日期|时间)?|entlass(?:ung|en)(?:sdatum)?|sortie le""",
    DateLabel.ADMITTED: rf"""
(?:date (?:and time )?of )?(?:admitted|admission|admit|adm)\.?{_WHEN}|date in|came in
入院(?:日期|时间)?|aufnahme(?:datum)?|aufgenommen""",
    DateLabel.VISITED: rf"""
(?:date (?:and time )?of |clinic |office |home )?(?:visit|clinic|consultation|attendance|encounter|contact){_WHEN}
(?:date (?:and time )?of )?(?:review|service|incident|call|appointment|assessment){_WHEN}
(?:seen|reviewed|attended|assessed|arriv(?:ed|al)|registered|visited){_WHEN}(?: in clinic| by.{{0,30}})?
date seen|obs(?:ervation)?|dos|d\.o\.s\.?|shift{_WHEN}|from|vorstellung(?: am| vom)?|behandlung am
(?:就诊|评估|记录|门诊|签署)(?:日期|时间)""",
    DateLabel.RECEIVED: rf"""
(?:specimen |sample |date )?received{_WHEN}(?: in lab)?|rec'?d|接收(?:日期|时间)|eingang(?:sdatum)?""",
    DateLabel.REPORTED: rf"""
(?:date )?(?:report(?:ed)?|authori[sz]ed|verified|final(?:i[sz]ed)?|result(?:ed)?|validated){_WHEN}(?: by.{{0,30}})?
date of report|(?:报告|审核)(?:日期|时间)?|befund(?:datum)?""",
    DateLabel.WRITTEN: rf"""
(?:date )?(?:dictated|typed|signed|transcribed|written|letter|completed|entered|filed|recorded){_WHEN}(?: by.{{0,40}})?
date of (?:letter|dictation|signature)|sign(?:ed|ature)\b.{{0,60}}|dd|dt""",
    DateLabel.PLAIN: r"""
date(?: ?/ ?time| and time| \(.{3,12}\))?|dated|datum|fecha|日期|时间""",
}
# "... was seen in my clinic on": what a letter tells in its first lines.
TOLD = (
    r"(?:seen|saw|reviewed|review|attended|admitted|discharged|visited|met|assessed|examined|underwent|performed"
    r"|presented"
    r"|clinic|visit|consultation|admission|operation)\b[^.\n]{0,60}\b(?:on|of|dated|the)\W*$"
)

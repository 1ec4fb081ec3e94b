"""The phrases that only an AI can be meant by, in English and Chinese, also where their letters are drawn apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# A page without any of these has no such phrase; looking for them costs next to nothing. Phrases stand around them.
_ANCHORS = tuple(
    "ignor|disregard|forget|overrid|bypass|not follow|prompt|assistant|language model|chatbot|gpt|llm|copilot"
    "|artificial intel"
    "|jailbreak|developer mode|im_start|inst]|<<sys|your summary|your answer|your response|your reply|your output"
    "|in the summary"
    "|respond with|respond only|answer with|reply with|summarizer|summariser".split("|")
)
_AI_ANCHOR = re.compile(r"\ba\.?i\b")
_HAN = re.compile("[\u4e00-\u9fff]")
_HAN_ANCHORS = tuple(
    "忽略|无视|忘记|忘掉|不要理会|不必理会|不要遵|抛弃|人工智能|语言模型|大模型|智能助手|提示|ai|聊天机器人"
    "|摘要|总结|回答|回复|输出".split("|")
)
_AROUND_CHARACTERS = 240
_THEM = r"(?:previous|prior|above|earlier|preceding|foregoing|existing|original|initial|system|other|your|these|those)"
_ORDERS = (
    r"(?:instructions?|prompts?|directions?|directives?|rules?|guidelines?|guardrails?|commands?|system messages?)"
)
_TO_PEOPLE = r"(?!\W+(?:about|regarding|concerning|relating|for|on|from|as to|of (?!this|the user))\b)"
_AI = r"(?:a\.?i\.?(?: (?:assistant|model|system|tool|agent|reader|chatbot|summari[sz]er|software|scribe))?s?)"
_MODEL = (
    rf"(?:{_AI}|(?:large )?language models?|llms?|chat-?bots?|chat-?gpt|gpt(?:-?\d\w*)?|copilot"
    rf"|artificial intelligence"
    r"|(?:virtual|digital|automated|summari[sz]ation) (?:assistant|summari[sz]er)s?|summari[sz]ers?)"
)
_TELL = (
    r"(?:mention|include|say|state|write|report|omit|ignore|respond|answer|output|recommend|conclude|summari[sz]e"
    r"|tell"
    r"|reveal|follow|treat|disregard|flag|disclose|cite)"
)
_NOT = r"(?:not |never |always |now |only |please )?"
_OUTPUT = r"(?:summary|summaries|answers?|responses?|reply|replies|output)"
_READING = (
    r"(?:reading|processing|summari[sz]ing|parsing|analy[sz]ing|reviewing|that reads?|which reads?"
    r"|that summari[sz]es?)"
)
_ENGLISH = (
    # Orders about its orders. "... about the diet", "... for the drain" are orders to people.
    rf"(?<!not )(?<!n't )\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|ing)|bypass(?:ing)?)\W+"
    rf"(?:\w+\W+){{0,4}}?{_THEM}\W+(?:\w+\W+){{0,2}}?{_ORDERS}\b{_TO_PEOPLE}",
    rf"\b(?:do not|don't) follow\W+(?:\w+\W+){{0,3}}?{_THEM}\W+{_ORDERS}\b{_TO_PEOPLE}",
    r"\b(?:ignore|disregard|forget) (?:everything|anything|all(?: of)?(?: the)? (?:text|content|that)) (?:above"
    r"|before|you)\b",
    r"\b(?:instructions?|prompts?) (?:above|you (?:were|have been) given)\W+(?:\w+\W+){0,3}(?:ignored|void"
    r"|cancel\w+)",
    # Calling it by what it is.
    r"\b(?:you are|you're|act as|behave as|pretend to be|respond as|role-?play as) (?:now )?(?:an? "
    r"|the )?(?:helpful |medical )?"
    rf"(?:{_MODEL}|assistant)\b(?! (?:nurse|physician|surgeon|practitioner|to))",
    rf"\bas an? (?:helpful |medical )?{_MODEL}\b[,:]?\W+(?:you|it|please|do|never|always|must|should)\b",
    rf"\b(?:if|when|since|because) you(?: are|'re) (?:an? |the )?{_MODEL}\b",
    r"\b(?:note|notice|message|instruction|attention|reminder|request|memo|directive|important|warning)s?"
    rf"(?:\W+\w+){{0,2}}?\W+(?:to|for)\W+(?:the |any |all |every )?{_MODEL}"
    r"(?=\W*(?:$|[:.,;\n(–-]|reading|that|which|processing))",
    rf"(?:^|[.!?]\W+)(?:(?:hey|dear|hello|attention|attn)\b[ ,:]*)?(?:the |any |all )?{_MODEL}[ ]?[:,]"
    r"(?=\W*(?:you|please|do|ignore|disregard|say|always|never|include|omit|the|this)\b)",
    rf"\b(?:any |all |the |every |this )?{_MODEL}(?: \w+)? {_READING} (?:this|these)\b",
    rf"\b{_MODEL} (?:must|should|shall|has to|have to|is to|are to) {_NOT}{_TELL}\b",
    # What only a model has.
    r"\b(?:your|its|my|the (?:ai|model|assistant)'?s) (?:system|hidden|initial|original|secret) prompts?\b",
    r"\bsystem prompts?(?= ?[:\n])",
    r"\b(?:reveal|print|repeat|show|output|leak|display|disclose|ignore|override"
    r"|forget)\W+(?:\w+\W+){0,3}system prompts?\b",
    r"<\|(?:im_start|im_end|system|endoftext|user|assistant)\|>|\[/?inst\]|<</?sys>>",
    r"\b(?:developer|dan|jailbreak|god) mode\b|\bjailbreak",
    rf"\b(?:do not|don't|never|must not|should not)(?: \w+){{0,2}} {_TELL}\b[^.!?\n]{{0,90}}\bin (?:your|the"
    rf"|any) {_OUTPUT}\b",
    rf"\bin (?:your|any) {_OUTPUT}\b[^.!?\n]{{0,40}}\b(?:always|never|only|do not|don't|you must|say|state|write"
    rf"|claim)\b",
    rf"\byour {_OUTPUT} (?:must|should|shall|has to) {_NOT}(?:mention|include|say|state|contain|begin|end)\b",
    r"\b(?:always |only )?(?:answer|respond|reply) (?:only )?with (?:only )?(?:the (?:word|phrase|text|sentence"
    r"|following)\b|[\"“])",
)
_HAN_MODEL = r"(?:ai(?:助手|模型|系统)?|人工智能(?:助手|模型|系统)?|(?:大|大型)?语言模型|大模型|智能助手|聊天机器人)"
_HAN_THEM = r"(?:之前|以上|先前|此前|前面|上述|上面|原有|系统|其他|所有|一切)"
_CHINESE = (
    r"(?<![不请]要)(?<!勿)(?:忽略|无视|忘记|忘掉|不要理会|不必理会|不要遵守|不要遵循|抛弃)"
    rf"[^。！？\n]{{0,8}}{_HAN_THEM}[^。！？\n]{{0,8}}(?:指令|指示|提示|命令|规则|设定)",
    rf"(?:你|您)(?:现在)?是(?:一个|一名|一位|个)?[^。！？\n]{{0,6}}{_HAN_MODEL}|作为(?:一个|一名|一位)?{_HAN_MODEL}",
    rf"(?:请|致|告知?|给|任何|各位|所有|阅读本文的)\s?{_HAN_MODEL}(?=[\s:：,，请必应不务在]|阅读|处理)",
    rf"{_HAN_MODEL}\s?(?:请|必须|应当|应该|不得|不要|务必)|系统提示词?\s?[:：]|提示词(?:注入|[:：])",
    r"(?:输出|显示|泄露|重复|透露|忽略)[^。！？\n]{0,6}(?:系统提示|提示词)",
    r"(?:不要|请勿|不得|切勿|禁止)[^。！？\n]{0,6}(?:在)?(?:你的)?(?:摘要|总结|回答|回复|输出)[中里](?:提及|提到|包含|写)?",
)
_PHRASES = tuple(re.compile("|".join(forms), re.IGNORECASE | re.MULTILINE) for forms in (_ENGLISH, _CHINESE))
# Letters that look like the Latin ones: full width, Cyrillic. One for one, so that places in the text stay.
_LIKENESSES = str.maketrans(
    {0xFEE0 + code: chr(code) for code in (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B))}
    | dict(zip("аеорсухіАЕОРСХІ", "aeopcyxiAEOPCXI", strict=True))
)
_HAS_LIKENESS = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u0400-\u04ff]")
_DISGUISED = re.compile(
    r"(?:ignore|disregard|forget|override)(?:all|any|the|your|my|of|every){0,3}"
    r"(?:previous|prior|above|earlier|preceding|system)(?:instructions?|prompts?|directions?|rules|orders|commands)"
    r"|(?:reveal|print|ignore|show)(?:your|the)systemprompt|asanai(?:assistant|model|languagemodel)?you(?:must"
    r"|should|are)"
    r"|youareanai(?:assistant|model)|(?:忽略|无视)(?:之前|以上|先前|所有|的){1,4}(?:指令|指示|提示)"
)
_SQUEEZED_ANCHORS = (
    "ignore",
    "disregard",
    "forget",
    "override",
    "systemprompt",
    "asanai",
    "youareanai",
    "忽略",
    "无视",
)
_SQUEEZED_OBJECTS = (
    "instruction",
    "prompt",
    "direction",
    "rules",
    "orders",
    "command",
    "youareanai",
    "asanai",
    "指",
    "提示",
)
# Whole words are longer: "ignore all previous instructions" has 7 letters a word, drawn apart it has one or two.
_MOST_LETTERS_A_PIECE = 5.0
_SQUEEZE = ((" ", ""), ("\n", ""), ("-", ""), (".", ""), ("_", ""), ("0", "o"), ("1", "i"), ("3", "e"), ("@", "a"))
_LEET = str.maketrans("0134@$", "oieaas")


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where phrases addressed to an AI stand in the text; they may overlap."""
    if _HAS_LIKENESS.search(text):
        text = text.translate(_LIKENESSES)
    lowered = text.lower()
    if len(lowered) == len(text):  # Turkish İ becomes two
        yield from _phrases_near(text, tuple(_anchors(lowered)))
    squeezed = lowered
    for part, letter in _SQUEEZE:
        squeezed = squeezed.replace(part, letter)
    if any(one in squeezed for one in _SQUEEZED_ANCHORS) and any(one in squeezed for one in _SQUEEZED_OBJECTS):
        yield from _disguised(text)


def _anchors(lowered: str) -> Iterator[int]:
    """Where words stand that such phrases have."""
    for anchor in (*_ANCHORS, *_HAN_ANCHORS) if _HAN.search(lowered) else _ANCHORS:
        at = lowered.find(anchor)
        while at >= 0:
            yield at
            at = lowered.find(anchor, at + len(anchor))
    if " ai" in lowered or "ai" in lowered[:2] or "\nai" in lowered or "a.i" in lowered:
        yield from (match.start() for match in _AI_ANCHOR.finditer(lowered))


def _phrases_near(text: str, anchors: Sequence[int]) -> Iterator[tuple[int, int]]:
    flat = text.replace("\n", " ")  # a phrase may go over the end of a line
    for start, end in _windows(sorted(anchors)):
        for version in (text, flat) if "\n" in text[start:end] else (text,):
            for phrases in _PHRASES:
                yield from (match.span() for match in phrases.finditer(version, start, end))


def _windows(anchors: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for at in anchors:
        if at - _AROUND_CHARACTERS > end:
            if end >= 0:
                yield start, end
            start = max(0, at - _AROUND_CHARACTERS)
        end = at + _AROUND_CHARACTERS
    if end >= 0:
        yield start, end


def _disguised(text: str) -> Iterator[tuple[int, int]]:
    """Phrases whose letters are drawn apart or written as digits."""
    places = [at for at, character in enumerate(text) if character.isalnum() or character in "@$"]
    letters = "".join(text[at] for at in places).lower()
    for version in dict.fromkeys((letters, letters.translate(_LEET))):
        if len(version) != len(places):  # lower case can be longer: Turkish İ
            return
        for match in _DISGUISED.finditer(version):
            start, end = places[match.start()], places[match.end() - 1] + 1
            pieces = re.findall(r"\w+", text[start:end].replace("_", " "))
            if len(match.group()) / len(pieces) <= _MOST_LETTERS_A_PIECE or version is not letters:
                yield start, end

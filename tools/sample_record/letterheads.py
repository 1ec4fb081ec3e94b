"""The invented institutions: how each prints its heads, feet and the band with the patient's name."""

from __future__ import annotations

from dataclasses import dataclass

from tools.sample_record.flow import Frame, Look
from tools.sample_record.markup import Manuscript
from tools.sample_record.typesetting import (
    FACES,
    GREY,
    HAIRLINE,
    INK,
    CircleMark,
    Colour,
    LineMark,
    Mark,
    RectMark,
    TextMark,
    text_width,
)

NAME, BORN, SEX, NHS_NUMBER = "TARROWBY, Winifred Anne", "12 Mar 1951", "Female", "999 217 4406"
A4, LETTER = (595.0, 842.0), (612.0, 792.0)
WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """An institution: what it is called, the number it gives the patient, and its printed look."""

    name: str
    line: str
    address: tuple[str, ...]
    patient_number: tuple[str, str]
    look: Look
    logo: str
    head: str  # masthead, centred, band, plain
    sheet: tuple[float, float] = A4
    foot: str = ""


BLUE, TEAL, GREEN, PLUM, SLATE = (
    (0.06, 0.27, 0.5),
    (0.03, 0.4, 0.42),
    (0.13, 0.36, 0.2),
    (0.36, 0.16, 0.4),
    (0.2, 0.26, 0.33),
)
MAROON: Colour = (0.45, 0.1, 0.14)

HOUSES = {
    "hospital": House(
        name="Northmoor University Hospital",
        line="Northmoor and Calder Hospitals",
        address=("Beacon Road, Northmoor NX4 7QT", "Switchboard 01632 960 100", "www.northmoor-hospital.example"),
        patient_number=("Hospital no.", "N4471902"),
        look=Look(family="sans", size=10.4, leading=1.38, accent=BLUE, heading="caps", table="grid"),
        logo="cross",
        head="masthead",
        foot="Northmoor University Hospital · Confidential patient information",
    ),
    "imaging": House(
        name="Northmoor University Hospital",
        line="Department of Clinical Radiology",
        address=("Imaging Level 1, Beacon Road, Northmoor NX4 7QT", "Reporting room 01632 960 188"),
        patient_number=("Hospital no.", "N4471902"),
        look=Look(family="sans", size=10.8, leading=1.46, accent=SLATE, heading="underline", table="lines"),
        logo="ring",
        head="band",
        foot="Radiology report · printed from PACS · not valid without the reporter’s name",
    ),
    "pathology": House(
        name="Northmoor Pathology Service",
        line="Biochemistry · Haematology · Cellular Pathology",
        address=("Laboratory Block, Beacon Road, Northmoor NX4 7QT", "Results enquiries 01632 960 155"),
        patient_number=("Hospital no.", "N4471902"),
        look=Look(
            family="sans", size=9.4, leading=1.36, accent=PLUM, heading="bold", table="band", tint=(0.95, 0.93, 0.96)
        ),
        logo="drop",
        head="plain",
        foot="Reference ranges are for adult women. H above range, L below range.",
    ),
    "kidney": House(
        name="The Calder Vale Kidney Centre",
        line="Renal Medicine and Dialysis",
        address=("Weir Street, Calderbridge CV2 9LP", "Secretary 01632 960 341", "renal.letters@caldervale.example"),
        patient_number=("Unit no.", "CVK 20388"),
        look=Look(family="serif", size=12, leading=1.3, accent=TEAL, heading="bold", table="lines"),
        logo="wave",
        head="centred",
        foot="The Calder Vale Kidney Centre",
    ),
    "surgery": House(
        name="Ashgrove Lane Surgery",
        line="Dr P. Okonjo · Dr H. Lindqvist · Dr S. Marchbank",
        address=("14 Ashgrove Lane, Northmoor NX2 3BD", "Tel 01632 960 722"),
        patient_number=("Practice no.", "88014"),
        look=Look(
            family="sans", size=10.2, leading=1.38, accent=GREEN, heading="band", table="lines", tint=(0.93, 0.96, 0.93)
        ),
        logo="leaf",
        head="masthead",
        foot="Ashgrove Lane Surgery · patient record print",
    ),
    "eye": House(
        name="Saltmarsh Eye Hospital",
        line="Medical Retina and Cataract Service",
        address=("2 Quay Parade, Saltmarsh SM1 4EY", "Appointments 01632 960 515"),
        patient_number=("Eye no.", "SEH-071163"),
        look=Look(family="serif", size=12, leading=1.34, accent=MAROON, heading="underline", table="grid"),
        logo="eye",
        head="centred",
        foot="Saltmarsh Eye Hospital",
    ),
    "community": House(
        name="Moorside Community Health",
        line="Heart failure nursing · Occupational therapy · Physiotherapy",
        address=("Fellgate Clinic, Canal Street, Northmoor NX1 5TD", "Single point of access 01632 960 480"),
        patient_number=("Community no.", "MCH-55210"),
        look=Look(
            family="sans",
            size=10.2,
            leading=1.4,
            accent=(0.52, 0.27, 0.07),
            heading="underline",
            table="grid",
            tint=(0.98, 0.95, 0.91),
        ),
        logo="leaf",
        head="masthead",
        foot="Moorside Community Health · shared care record",
    ),
    "american": House(
        name="Otter Ridge Regional Medical Center",
        line="Emergency Department",
        address=("400 Notch Road, Otter Ridge, Vermont", "Phone (555) 010-0142  Fax (555) 010-0143"),
        patient_number=("MRN", "OR-00583117"),
        look=Look(family="sans", size=10, leading=1.38, accent=(0.12, 0.32, 0.25), heading="caps", table="grid"),
        logo="peak",
        head="band",
        sheet=LETTER,
        foot="Otter Ridge Regional Medical Center · Protected health information",
    ),
}


def frame_of(house: House, first_top: float) -> Frame:
    width, height = house.sheet
    return Frame(width=width, left=50, right=width - 50, first_top=first_top, next_top=84, bottom=height - 62)


def _logo(kind: str, x: float, y: float, colour: Colour) -> list[Mark]:
    """A mark of about 34 points square whose top left corner is (x, y)."""
    match kind:
        case "cross":
            return [
                RectMark(x0=x, y0=y, x1=x + 34, y1=y + 34, fill=colour, round=5),
                RectMark(x0=x + 14, y0=y + 6, x1=x + 20, y1=y + 28, fill=WHITE),
                RectMark(x0=x + 6, y0=y + 14, x1=x + 28, y1=y + 20, fill=WHITE),
            ]
        case "ring":
            return [CircleMark(x=x + 17, y=y + 17, radius=radius, stroke=WHITE, width=2) for radius in (15, 9, 3)]
        case "drop":
            return [
                LineMark(points=((x + 17, y), (x + 6, y + 19), (x + 28, y + 19), (x + 17, y)), colour=colour, width=2),
                CircleMark(x=x + 17, y=y + 22, radius=11.5, fill=colour),
            ]
        case "wave":
            return [
                LineMark(
                    points=tuple((x + step * 4.25, y + 8 + row * 9 + (4 if step % 2 else -4)) for step in range(9)),
                    colour=colour,
                    width=2.2,
                )
                for row in range(3)
            ]
        case "leaf":
            return [
                CircleMark(x=x + 12, y=y + 13, radius=9.5, fill=(0.55, 0.72, 0.5)),
                CircleMark(x=x + 23, y=y + 12, radius=9.5, fill=colour),
                LineMark(points=((x + 17, y + 34), (x + 17, y + 12)), colour=colour, width=2.5),
            ]
        case "eye":
            return [
                LineMark(
                    points=(
                        (x, y + 17),
                        (x + 10, y + 8),
                        (x + 24, y + 8),
                        (x + 34, y + 17),
                        (x + 24, y + 26),
                        (x + 10, y + 26),
                        (x, y + 17),
                    ),
                    colour=colour,
                    width=1.6,
                ),
                CircleMark(x=x + 17, y=y + 17, radius=6.5, fill=colour),
            ]
        case "peak":
            return [
                LineMark(
                    points=((x, y + 30), (x + 12, y + 8), (x + 19, y + 20), (x + 25, y + 12), (x + 34, y + 30)),
                    colour=WHITE,
                    width=2.4,
                )
            ]
    raise ValueError(f"no such logo: {kind}")


def _text(
    x: float, y: float, text: str, code: str, size: float, colour: Colour = INK, *, align: str = "left"
) -> TextMark:
    shift = {"left": 0.0, "right": 1.0, "centre": 0.5}[align] * text_width(text, code, size)
    return TextMark(x=x - shift, y=y, text=text, code=code, size=size, colour=colour)


def _masthead(house: House) -> tuple[list[Mark], float]:
    """Name and address of the institution; with the height they reach down to."""
    width, _ = house.sheet
    left, right, accent, faces = 50.0, width - 50.0, house.look.accent, FACES[house.look.family]
    if house.head == "band":
        marks: list[Mark] = [RectMark(x0=0, y0=0, x1=width, y1=74, fill=accent), *_logo(house.logo, left, 20, WHITE)]
        marks += [
            _text(left + 46, 37, house.name, faces["b"], 16, WHITE),
            _text(left + 46, 53, house.line, faces["r"], 10, WHITE),
        ]
        marks += [
            _text(right, 35 + 11 * n, line, faces["r"], 7.6, WHITE, align="right")
            for n, line in enumerate(house.address)
        ]
        return marks, 84.0
    if house.head == "centred":
        middle = width / 2
        marks = [
            *_logo(house.logo, middle - 17, 30, accent),
            _text(middle, 86, house.name, faces["b"], 18, accent, align="centre"),
        ]
        marks += [_text(middle, 101, house.line, faces["i"], 11, GREY, align="centre")]
        marks += [_text(middle, 115, "  ·  ".join(house.address), faces["r"], 8.4, GREY, align="centre")]
        return [*marks, LineMark(points=((left, 123), (right, 123)), colour=accent, width=0.9)], 132.0
    marks = [*_logo(house.logo, left, 34, accent), _text(left + 44, 50, house.name, faces["b"], 17, accent)]
    marks += [_text(left + 44, 65, house.line, faces["r"], 9, GREY)]
    marks += [
        _text(right, 44 + 11 * n, line, faces["r"], 7.8, GREY, align="right") for n, line in enumerate(house.address)
    ]
    rule = RectMark(x0=left, y0=78, x1=right, y1=80 if house.head == "masthead" else 79, fill=accent)
    return [*marks, rule], 90.0


def _patient_box(house: House, top: float, extra: list[tuple[str, str]]) -> tuple[list[Mark], float]:
    """The band with the patient's particulars: three columns of label and value."""
    width, _ = house.sheet
    left, right, faces, size = 50.0, width - 50.0, FACES[house.look.family], 8.6
    fields = [("Patient", NAME), ("Date of birth", BORN), house.patient_number, ("NHS no.", NHS_NUMBER), ("Sex", SEX)]
    if house.sheet == LETTER:
        fields = [("Patient", NAME), ("DOB", "Mar 12, 1951"), house.patient_number, ("Sex", SEX)]
    fields += extra
    rows = -(-len(fields) // 3)
    bottom = top + rows * 14 + 7
    marks: list[Mark] = [RectMark(x0=left, y0=top, x1=right, y1=bottom, fill=house.look.tint, stroke=HAIRLINE, round=3)]
    starts = (left + 8, left + 196, left + 352)
    for number, (label, value) in enumerate(fields):
        x, y = starts[number % 3], top + 14 + (number // 3) * 14
        marks.append(_text(x, y, label, faces["r"], size - 1.2, GREY))
        marks.append(_text(x + 54, y, value, faces["b"], size))
    return marks, bottom + 12


def _letter_head(house: House, manuscript: Manuscript, top: float) -> tuple[list[Mark], float]:
    """Addressee on the left, references on the right, then the bold line that says whom the letter is about."""
    width, _ = house.sheet
    left, right, faces = 50.0, width - 50.0, FACES[house.look.family]
    size = house.look.size
    address = [part.strip() for part in manuscript.settings["to"].split(";")]
    references = [part.strip() for part in manuscript.settings["refs"].split(";")]
    marks: list[Mark] = [_text(left, top + 14 + n * 13, line, faces["r"], size) for n, line in enumerate(address)]
    marks += [_text(right - 170, top + 14 + n * 13, line, faces["r"], size - 0.8) for n, line in enumerate(references)]
    y = top + 14 + max(len(address), len(references)) * 13 + 8
    label, number = house.patient_number
    about = f"Re: Mrs Winifred Anne TARROWBY, born {BORN}, {label} {number}, NHS no. {NHS_NUMBER}"
    marks.append(_text(left, y + 4, about, faces["b"], size - 0.6))
    marks.append(
        _text(
            left, y + 18, manuscript.settings.get("home", "27 Pinfold Row, Northmoor NX2 8RW"), faces["r"], size - 0.6
        )
    )
    return marks, y + 30


def first_head(house: House, manuscript: Manuscript) -> tuple[list[Mark], float]:
    """Everything above the text on page 1, and where the text may start."""
    marks, y = _masthead(house)
    title, faces = manuscript.settings.get("title", ""), FACES[house.look.family]
    if "to" in manuscript.settings:
        more, y = _letter_head(house, manuscript, y)
        return marks + more, y + 6
    marks.append(_text(50, y + 15, title, faces["b"], 14))
    extra = [
        tuple(part.strip() for part in pair.split("="))
        for pair in manuscript.settings.get("box", "").split(";")
        if pair
    ]
    more, y = _patient_box(house, y + 24, [(label, value) for label, value in extra])
    return marks + more, y


def running_head(house: House, manuscript: Manuscript) -> list[Mark]:
    """The strip on every later page, so that a loose sheet still names its patient."""
    width, _ = house.sheet
    faces, accent = FACES[house.look.family], house.look.accent
    label, number = house.patient_number
    born = "DOB Mar 12, 1951" if house.sheet == LETTER else f"born {BORN}"
    title = manuscript.settings.get("title") or manuscript.settings["short"]
    return [
        _text(50, 48, house.name, faces["b"], 8.4, accent),
        _text(width - 50, 48, title, faces["r"], 8.4, GREY, align="right"),
        _text(50, 60, f"{NAME}   {born}   {label} {number}", faces["r"], 8.4),
        LineMark(points=((50, 67), (width - 50, 67)), colour=accent, width=0.8),
    ]


def foot(house: House, manuscript: Manuscript, number: int, total: int) -> list[Mark]:
    width, height = house.sheet
    faces = FACES[house.look.family]
    label, patient = house.patient_number
    first = f"{NAME} · {label} {patient}"
    return [
        LineMark(points=((50, height - 50), (width - 50, height - 50))),
        _text(50, height - 39, first, faces["r"], 7.4, GREY),
        _text(50, height - 29, manuscript.settings.get("foot", house.foot), faces["r"], 7.4, GREY),
        _text(width - 50, height - 39, f"Page {number} of {total}", faces["b"], 7.8, GREY, align="right"),
    ]

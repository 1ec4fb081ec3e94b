"""The patient's laboratory values over the years, and the tables that print them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tools.sample_record.markup import Block, Heading, Paragraph, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """What the laboratory measures; `low` and `high` are the reference range, None where there is no such end."""

    name: str
    unit: str
    panel: str
    low: float | None
    high: float | None
    decimals: int = 0

    @property
    def reference_range(self) -> str:
        low, high = (f"{end:.{self.decimals}f}" if end is not None else "" for end in (self.low, self.high))
        return f"{low}–{high}" if low and high else f"< {high}" if high else f"> {low}"

    def flag(self, value: float) -> str:
        high = self.high is not None and value > self.high
        return "H" if high else "L" if self.low is not None and value < self.low else ""


def _test(name: str, unit: str, panel: str, low: float | None, high: float | None, decimals: int = 0) -> Test:
    return Test(name=name, unit=unit, panel=panel, low=low, high=high, decimals=decimals)


RENAL, BLOOD, LIVER, OTHER = "Renal profile", "Full blood count", "Liver and bone profile", "Other tests"
TESTS = {
    "na": _test("Sodium", "mmol/L", RENAL, 133, 146),
    "k": _test("Potassium", "mmol/L", RENAL, 3.5, 5.3, 1),
    "ur": _test("Urea", "mmol/L", RENAL, 2.5, 7.8, 1),
    "cr": _test("Creatinine", "µmol/L", RENAL, 45, 84),
    "gfr": _test("eGFR (CKD-EPI)", "mL/min/1.73m²", RENAL, 60, None),
    "hco": _test("Bicarbonate", "mmol/L", RENAL, 22, 29),
    "hb": _test("Haemoglobin", "g/L", BLOOD, 115, 165),
    "mcv": _test("MCV", "fL", BLOOD, 80, 100),
    "wbc": _test("White cell count", "10*9/L", BLOOD, 4.0, 11.0, 1),
    "plt": _test("Platelets", "10*9/L", BLOOD, 150, 400),
    "neu": _test("Neutrophils", "10*9/L", BLOOD, 2.0, 7.5, 1),
    "alt": _test("ALT", "U/L", LIVER, None, 35),
    "alp": _test("Alkaline phosphatase", "U/L", LIVER, 30, 130),
    "bil": _test("Bilirubin", "µmol/L", LIVER, None, 21),
    "alb": _test("Albumin", "g/L", LIVER, 35, 50),
    "ca": _test("Adjusted calcium", "mmol/L", LIVER, 2.20, 2.60, 2),
    "po": _test("Phosphate", "mmol/L", LIVER, 0.80, 1.50, 2),
    "a1c": _test("HbA1c", "mmol/mol", OTHER, None, 48),
    "tsh": _test("TSH", "mU/L", OTHER, 0.30, 4.50, 2),
    "fer": _test("Ferritin", "µg/L", OTHER, 13, 150),
    "crp": _test("CRP", "mg/L", OTHER, None, 5),
    "cho": _test("Cholesterol, total", "mmol/L", OTHER, None, 5.0, 1),
    "acr": _test("Urine albumin:creatinine ratio", "mg/mmol", OTHER, None, 3.0, 1),
    "bnp": _test("NT-proBNP", "ng/L", OTHER, None, 400),
    "cea": _test("CEA", "µg/L", OTHER, None, 5.0, 1),
    "pth": _test("Parathyroid hormone", "pmol/L", OTHER, 1.6, 9.3, 1),
}
COLUMNS = [short for short, test in TESTS.items() if test.panel != OTHER]

# One line a blood sample: the day, the seventeen values of COLUMNS, then what else was asked for that day.
_SAMPLES = """
2019-03-12 140 4.4  7.1  92 55 26 128 88 6.8 241 4.1 24  78  9 42 2.36 1.08 a1c=61 tsh=2.41 cho=4.6
2019-08-27 139 4.6  8.0 104 48 25 126 88 7.1 236 4.4 22  81  8 41 2.34 1.12 a1c=58 acr=18.4 pth=8.1
2020-02-18 141 4.5  8.3 101 49 25 127 89 6.5 229 3.9 25  80 10 42 2.37 1.10 a1c=56 acr=20.7
2020-07-14 140 4.7  8.6 106 46 24 124 88 6.9 240 4.2 21  84  9 41 2.35 1.14 a1c=57
2020-11-05 137 4.9 11.2 118 41 22 122 87 9.8 262 7.1 38  96 14 38 2.29 1.18 tsh=7.94 crp=22 bnp=2380
2020-11-09 138 4.4  9.9 109 45 24 119 87 8.0 255 5.3 31  92 12 37 2.31 1.15 crp=9
2021-01-19 140 4.6  9.0 110 44 25 121 86 7.0 248 4.3 23  85 10 40 2.35 1.13 a1c=59 tsh=3.12 bnp=1140
2021-04-13 139 4.8  9.2 111 43 24 120 85 7.2 251 4.4 22  83  9 40 2.33 1.16 a1c=60 bnp=1065 cho=4.1
2021-08-10 140 4.7  9.4 113 42 24 117 83 7.4 268 4.6 20  86  8 39 2.32 1.15 a1c=62 acr=31.5 tsh=2.88
2021-12-21 139 4.8  9.8 116 41 24  98 76 7.8 341 5.0 19  88  7 38 2.31 1.17 a1c=60 fer=7
2022-01-06 139 4.7  9.6 115 41 24  92 74 7.6 358 4.8 18  87  7 38 2.30 1.18 fer=6 crp=4
2022-02-22 140 4.6  9.1 112 43 25 104 79 7.1 322 4.5 20  85  8 37 2.31 1.15 fer=188 cea=3.1 a1c=57
2022-03-16 136 5.1 10.4 131 35 21  95 80 13.6 301 11.2 41 79 12 29 2.18 1.24 crp=96
2022-03-18 134 5.9 15.8 168 26 19  91 80 12.1 296 9.8 36  82 11 27 2.16 1.49 crp=142
2022-03-20 136 5.2 13.9 149 30 21  90 81 9.4 318 7.2 30  88 10 28 2.20 1.33 crp=71
2022-03-23 138 4.7 10.8 128 36 23  94 81 8.2 352 5.9 27  94  9 30 2.24 1.21 crp=28
2022-05-03 140 4.8 10.2 121 39 24 116 85 7.0 287 4.4 21  90  8 37 2.32 1.17 fer=74 cea=2.6
2022-09-20 139 4.9 10.5 124 37 23 124 87 6.9 251 4.2 20  86  9 39 2.34 1.18 a1c=63 cea=2.4 acr=44.2 tsh=3.40
2023-03-14 140 4.9 10.9 129 36 23 122 88 7.2 246 4.5 22  88  9 39 2.33 1.20 a1c=66 cea=2.2 fer=61
2023-08-15 138 5.2 12.4 138 33 22 119 88 7.5 250 4.7 24  91 10 38 2.31 1.24 a1c=64 bnp=1720
2024-01-30 139 5.1 12.8 141 32 22 118 88 7.1 243 4.4 23  90  9 38 2.30 1.26 a1c=65 cea=2.5 cho=4.3
2024-04-16 139 5.0 13.1 146 31 22 115 89 7.0 239 4.3 21  93  9 37 2.29 1.29 a1c=62 tsh=2.05
2024-09-24 138 5.3 14.6 152 29 21 112 89 7.3 244 4.6 20  95  8 37 2.27 1.38 a1c=59 acr=86.3 pth=14.2 fer=48
2025-01-13 131 5.8 21.4 188 23 18 106 90 8.8 271 6.2 58 124 24 34 2.22 1.56 bnp=6420 crp=14 tsh=3.66
2025-01-16 133 5.0 23.0 201 21 21 104 90 8.1 262 5.5 46 118 19 33 2.21 1.60 crp=11
2025-01-22 137 4.6 18.7 174 25 24 107 90 7.4 258 4.8 33 110 14 34 2.25 1.47 bnp=3105
2025-03-04 138 4.8 17.9 169 25 23 105 91 7.0 240 4.4 24 101 11 36 2.26 1.45 a1c=57 bnp=2290
2025-06-03 138 4.9 18.2 171 25 22 104 91 6.8 236 4.2 22  99 10 36 2.25 1.48 a1c=55 fer=52
2025-09-09 137 5.2 20.3 183 23 20 103 92 7.1 241 4.5 23 104  9 36 2.19 1.66 pth=18.6 acr=118.0 fer=39
2025-12-02 138 5.1 21.0 190 22 22  99 92 6.9 233 4.3 21 108  9 35 2.21 1.62 fer=212 pth=17.9 a1c=54
2026-01-06 139 5.0 20.8 193 22 23 108 92 7.0 238 4.4 22 106  9 36 2.23 1.58 bnp=2015 cho=3.9
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One blood sample: the values by the short names of TESTS."""

    day: date
    values: dict[str, float]


def samples() -> list[Sample]:
    found = []
    for line in _SAMPLES.strip().splitlines():
        day, *fields = line.split()
        plain, extra = fields[: len(COLUMNS)], fields[len(COLUMNS) :]
        values = {name: float(value) for name, value in zip(COLUMNS, plain, strict=True)}
        values |= {name: float(value) for name, value in (field.split("=") for field in extra)}
        found.append(Sample(day=date.fromisoformat(day), values=values))
    return found


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _printed(test: Test, value: float) -> str:
    return f"{value:.{test.decimals}f} {test.flag(value)}".strip()


def tables(name: str) -> list[Block]:
    """`report 2022-01-06`: one sample in full. `cumulative FROM TO`: the samples of these days side by side."""
    kind, *days = name.split()
    if kind == "report":
        (sample,) = [sample for sample in samples() if sample.day == date.fromisoformat(days[0])]
        return _report(sample)
    first, last = (date.fromisoformat(day) for day in days)
    return _cumulative([sample for sample in samples() if first <= sample.day <= last])


def _report(sample: Sample) -> list[Block]:
    blocks: list[Block] = []
    for panel in (RENAL, BLOOD, LIVER, OTHER):
        rows = [("Test", "Result", "Unit", "Reference range")]
        for short, test in TESTS.items():
            if test.panel == panel and short in sample.values:
                value = sample.values[short]
                rows.append((test.name, _printed(test, value), test.unit, test.reference_range))
        if len(rows) > 1:
            heading = Heading(text=f"{panel} – collected {_day(sample.day)}", level=1)
            blocks += [heading, Table(rows=tuple(rows), widths=(4, 2, 2.4, 2.4), numeric=True)]
    return blocks


def _cumulative(chosen: list[Sample]) -> list[Block]:
    """One table a panel; the columns are days, the oldest first, as the laboratory's printer does it."""
    blocks: list[Block] = [
        Paragraph(text=f"Samples from {_day(chosen[0].day)} to {_day(chosen[-1].day)}, oldest first.")
    ]
    head = ("Test", "Reference range", *(_day(sample.day) for sample in chosen))
    widths = (2.8, 2.8, *([2.05 if len(chosen) < 6 else 1.55] * len(chosen)))
    for panel in (RENAL, BLOOD, LIVER, OTHER):
        rows: list[tuple[str, ...]] = [head]
        for short, test in TESTS.items():
            if test.panel == panel and any(short in sample.values for sample in chosen):
                cells = [_printed(test, sample.values[short]) if short in sample.values else "" for sample in chosen]
                rows.append((test.name, f"{test.reference_range} {test.unit}", *cells))
        blocks += [Heading(text=panel, level=2), Table(rows=tuple(rows), widths=widths, numeric=True)]
    return blocks

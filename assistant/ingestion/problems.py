"""Why a file, or a page of it, was not read: the codes that programs see and the sentences that people see."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from assistant.domain import FileProblem
from assistant.errors import FileRefusedError

_SUPPORTED = (
    "PDF, pictures of pages, Word (.docx), OpenDocument text, RTF, HTML, e-mail (.eml), Excel (.xlsx), CSV, "
    "plain text, Markdown, C-CDA, FHIR, HL7 and ZIP files"
)

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "missing_file": "The file is not there or may not be opened; add it again.",
        "unreadable": "The disk did not give the file; copy it to another place and add it again.",
        "empty_file": "The file is empty; save or export it again and add that file.",
        "too_large": "The file is larger than the limit of {limit}; split it into several files.",
        "too_many_pages": "The file has {count} pages, more than the limit of {limit}; split it into several files.",
        "no_pages": "The file has no pages; export it again and add that file.",
        "not_a_pdf": "The file is named .pdf but is not a PDF{what}; open it in its own program and save it as PDF.",
        "unsupported_format": "The file is {what}, which is not read; "
        + _SUPPORTED
        + " are. Save it as PDF and add that.",
        "unknown_format": "The file's format is not known; " + _SUPPORTED + " are read. Save it as PDF and add that.",
        "password_protected": "The PDF is protected by a password; enter it, or add a copy without a password.",
        "wrong_password": "The password does not open the PDF; enter it again, or add a copy without a password.",
        "office_password": "The file is protected by a password; save a copy without it and add that.",
        "unpacks_too_large": "Unpacked, the file is larger than the limit of {limit}; split it into several files.",
        "too_many_members": "The archive holds more than {limit} files; split it into several archives.",
        "no_readable_members": "The archive holds no file that can be read; add its files one by one.",
        "encrypted": "The PDF is encrypted in a way that cannot be opened here; print it to a new PDF and add that.",
        "damaged": "The file is damaged and cannot be read; export it again and add that file.",
        "too_slow": "Reading took longer than allowed and was stopped; print the file to a new PDF and add that.",
        "not_recognized": "The words on the scanned page could not be recognized; look at its picture.",
        "too_much_memory": "Reading needs more memory than allowed; split the file, or print it to a new PDF.",
        "too_much_text": "The file has more than {limit} characters of text; split it into several files.",
        "reader_crashed": "The file made its reader fail; print it to a new PDF and add that.",
        "no_such_page": "The file has no such page.",
    }
)


def problem(code: str, **blanks: str) -> FileProblem:
    """The problem `code`, with its sentence's blanks filled in."""
    return FileProblem(code=code, message=SENTENCES[code].format(**blanks))


def refusal(code: str, **blanks: str) -> FileRefusedError:
    """The same as an error to raise."""
    return FileRefusedError(code, SENTENCES[code].format(**blanks))

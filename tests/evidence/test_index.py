"""The index finds passages, follows its record, survives what befalls its folder, and leaves nothing behind."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.domain import DocumentKind, FileProblem, Page, SourceDocument, SourceFile
from assistant.errors import EvidenceError, RecordNotFoundError, StorageError
from assistant.evidence.coverage import Topic
from assistant.evidence.encoder import Encoder, Vectors
from assistant.evidence.index import EvidenceIndex
from assistant.evidence.search_scope import SearchScope
from assistant.evidence.vectors import Near, VectorStore
from tests.evidence.writing import page

MARKER = "Zerafina"
CARDIOLOGY = page(
    f"{MARKER} has atrial fibrillation.\n\nShe takes apixaban 5 mg twice daily.", 1, f"{MARKER}-heart.pdf"
)
ORTHOPEDICS = page("The left knee was replaced.\n\nNo infection of the wound.", 1, "knee.pdf")
DENTIST = page("Two teeth were filled.", 1, "teeth.pdf")


class CountingEncoder(Encoder):
    """Counts words into vectors: near enough in meaning for a test, and instant."""

    def __init__(self, seed: str = "a") -> None:
        super().__init__()
        self.seed = seed
        self.encoded = 0

    @property
    def fingerprint(self) -> str:
        return f"counting-{self.seed}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.full((len(texts), 64), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, hashlib.sha256(word.encode()).digest()[0] % 64] += 1
        self.encoded += len(texts)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EvidenceIndex]:
    with EvidenceIndex(tmp_path / "index", CountingEncoder()) as opened:
        yield opened


def add(index: EvidenceIndex, *pages: Page) -> None:
    for _ in index.add(pages):
        pass


def source(page_: Page, page_count: int = 1) -> SourceFile:
    return SourceFile(name=page_.file, kind="pdf", sha256="0", size_bytes=1, page_count=page_count)


def test_the_best_passage_comes_first_with_its_address(index: EvidenceIndex) -> None:
    add(index, CARDIOLOGY, ORTHOPEDICS, DENTIST)
    best, *_ = index.search("which knee was replaced?", 3)
    assert (best.rank, best.passage.span.file) == (1, "knee.pdf")
    assert best.passage.text == ORTHOPEDICS.text[best.passage.span.start : best.passage.span.end]


def test_hits_are_ranked_and_bounded_and_never_repeat(index: EvidenceIndex) -> None:
    add(index, *(page(f"Visit {number}: knee pain, grade {number}.", number) for number in range(1, 30)))
    hits = index.search("knee pain", 5)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert sorted((hit.score for hit in hits), reverse=True) == [hit.score for hit in hits]
    assert len({hit.passage.span for hit in hits}) == 5


def test_search_keeps_to_the_files_asked_for(index: EvidenceIndex) -> None:
    add(index, CARDIOLOGY, ORTHOPEDICS, DENTIST)
    assert {
        hit.passage.span.file
        for hit in index.search("knee replaced", 5, scope=SearchScope(files=frozenset({"teeth.pdf"})))
    } == {"teeth.pdf"}
    assert index.search("knee", 5, scope=SearchScope(files=frozenset({"none.pdf"}))) == ()


def test_an_empty_index_or_question_finds_nothing(index: EvidenceIndex) -> None:
    assert index.search("knee", 5) == ()
    add(index, ORTHOPEDICS)
    assert index.search("  ", 5) == index.search("knee", 0) == ()


def test_search_keeps_to_the_kinds_and_dates_asked_for(index: EvidenceIndex) -> None:
    letter, result = (
        SourceDocument(kind=kind, first_page=1, last_page=1, date=date)
        for kind, date in ((DocumentKind.CLINIC_LETTER, "2023-01"), (DocumentKind.LABORATORY, "2024-02-03"))
    )
    files = [replace(source(CARDIOLOGY), documents=(letter,)), replace(source(ORTHOPEDICS), documents=(result,))]
    for _ in index.add([CARDIOLOGY, ORTHOPEDICS, DENTIST], files):
        pass
    for scope, expected in (
        (SearchScope(kinds=frozenset({DocumentKind.LABORATORY})), {"knee.pdf"}),
        (SearchScope(last_date="2023"), {CARDIOLOGY.file}),
        (SearchScope(first_date="2023"), {CARDIOLOGY.file, "knee.pdf"}),
        (SearchScope(first_date="2023", files=frozenset({"teeth.pdf"})), set()),
    ):
        assert {hit.passage.span.file for hit in index.search("knee apixaban teeth", 9, scope)} == expected


def test_a_file_of_which_more_is_known_is_out_of_date(index: EvidenceIndex) -> None:
    add(index, CARDIOLOGY, ORTHOPEDICS)
    letter = SourceDocument(kind=DocumentKind.CLINIC_LETTER, first_page=1, last_page=1)
    files = [source(CARDIOLOGY), replace(source(ORTHOPEDICS), documents=(letter,))]
    assert index.outdated(files) == ("knee.pdf",)
    for _ in index.add([ORTHOPEDICS], files):
        pass
    assert index.outdated(files) == ()
    assert index.is_current(files)


def test_a_file_on_hold_is_not_to_be_indexed(index: EvidenceIndex) -> None:
    held = replace(source(DENTIST), hold=FileProblem(code="other_patient", message="It may be another patient's."))
    assert index.outdated([held]) == ()
    assert index.is_current([held])


def test_a_broad_question_hears_every_document(index: EvidenceIndex) -> None:
    def visit(number: int) -> Page:
        pains = (f"Knee pain of grade {number} on day {day} of the stay." for day in range(number * 60))
        return page(f"Knee pain.\n\n{' '.join(pains)}", 1, f"{number}.pdf")

    add(index, *(visit(number) for number in range(1, 5)))
    assert len({hit.passage.span.file for hit in index.search("knee pain grade 4", 4)}) < 4
    assert len({hit.passage.span.file for hit in index.survey(Topic(query="knee pain grade 4"), 4, 4)}) == 4


def test_a_chinese_question_is_not_led_by_an_encoder_that_cannot_read_it(
    index: EvidenceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(index, page("青霉素过敏，皮疹。", 1, "a.txt"), page("高血压病史十年。", 1, "b.txt"))
    monkeypatch.setattr(CountingEncoder, "knows", lambda *_: False)
    monkeypatch.setattr(VectorStore, "nearest", _must_not_be_asked)
    assert index.search("患者对什么过敏？", 1)[0].passage.span.file == "a.txt"


def test_progress_counts_passages_over_all_files(index: EvidenceIndex) -> None:
    long = [page(f"{number}. " + "The wound was clean and dry. " * 40, number, "long.pdf") for number in range(1, 60)]
    progress = list(index.add([*long, DENTIST]))
    assert progress == sorted(set(progress))
    assert progress[-1] == index.passage_count


def test_stopping_keeps_whole_files_only(index: EvidenceIndex) -> None:
    long = [page("The wound was clean and dry. " * 40, number, "long.pdf") for number in range(1, 60)]
    work = index.add([DENTIST, *long])
    assert [next(work), next(work)][0] == 1
    work.close()
    assert index.files == ("teeth.pdf",)
    assert [hit.passage.span.file for hit in index.search("wound", 5)] == ["teeth.pdf"]


def test_adding_a_file_again_replaces_it(index: EvidenceIndex) -> None:
    add(index, ORTHOPEDICS, DENTIST)
    add(index, page("The right hip was replaced.", 1, "knee.pdf"))
    assert index.passage_count == 2
    assert index.search("replaced", 1)[0].passage.text == "The right hip was replaced."


def test_a_removed_file_is_found_no_more_and_leaves_no_bytes(index: EvidenceIndex, tmp_path: Path) -> None:
    add(index, CARDIOLOGY, ORTHOPEDICS)
    index.remove(CARDIOLOGY.file)
    index.remove("never-added.pdf")
    assert [hit.passage.span.file for hit in index.search("apixaban twice daily", 5)] == ["knee.pdf"]
    assert not _files_holding(MARKER, tmp_path)


def test_chroma_is_told_no_word_and_no_file_name(index: EvidenceIndex, tmp_path: Path) -> None:
    add(index, CARDIOLOGY)
    assert _files_holding(MARKER, tmp_path / "index")
    assert not _files_holding(MARKER, tmp_path / "index" / "chroma")


def test_the_index_is_there_again_after_a_restart(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    with EvidenceIndex(tmp_path, encoder) as index:
        add(index, CARDIOLOGY, ORTHOPEDICS)
        before = index.search("apixaban", 5)
    encoded = encoder.encoded
    with EvidenceIndex(tmp_path, encoder) as index:
        assert index.search("apixaban", 5) == before
        assert encoder.encoded == encoded + 1


def test_it_knows_whether_it_holds_exactly_the_records_files(index: EvidenceIndex) -> None:
    add(index, CARDIOLOGY, page("", 2, CARDIOLOGY.file), ORTHOPEDICS)
    unread = SourceFile(
        name="x.pdf",
        kind="pdf",
        sha256="0",
        size_bytes=1,
        page_count=0,
        problem=FileProblem(code="damaged", message="damaged"),
    )
    assert index.is_current([source(CARDIOLOGY, 2), source(ORTHOPEDICS), unread])
    assert not index.is_current([source(CARDIOLOGY, 2)])
    assert not index.is_current([source(CARDIOLOGY, 1), source(ORTHOPEDICS)])
    assert not index.is_current([source(CARDIOLOGY, 2), source(ORTHOPEDICS), source(DENTIST)])


def test_a_file_of_empty_pages_counts_as_indexed(index: EvidenceIndex) -> None:
    add(index, page("", 1, "scan.pdf"), ORTHOPEDICS)
    assert index.files == ("scan.pdf", "knee.pdf")
    assert index.search("knee", 5, scope=SearchScope(files=frozenset({"scan.pdf"}))) == ()


def test_another_encoder_makes_it_stale_and_rebuilding_makes_it_current(tmp_path: Path) -> None:
    with EvidenceIndex(tmp_path, CountingEncoder("a")) as index:
        add(index, ORTHOPEDICS)
    with EvidenceIndex(tmp_path, CountingEncoder("b")) as index:
        assert not index.is_current([source(ORTHOPEDICS)])
        assert list(index.rebuild([ORTHOPEDICS])) == [1]
        assert index.is_current([source(ORTHOPEDICS)])


@pytest.mark.parametrize("damage", ["truncate", "overwrite", "delete"])
@pytest.mark.parametrize(
    "victim", ["chroma.sqlite3", "passages.json", "vectors.npy", "manifest.json", "data_level0.bin"]
)
def test_a_damaged_folder_opens_and_finds_everything_again(tmp_path: Path, victim: str, damage: str) -> None:
    pages = [CARDIOLOGY, ORTHOPEDICS, DENTIST]
    with EvidenceIndex(tmp_path, CountingEncoder()) as index:
        add(index, *pages)
    for path in tmp_path.rglob(victim):
        _damage(path, damage)
    with EvidenceIndex(tmp_path, CountingEncoder()) as index:
        if not index.is_current(map(source, pages)):
            list(index.rebuild(pages))
        assert {hit.passage.span.file for hit in index.search("apixaban knee teeth", 9)} == {p.file for p in pages}


def test_vectors_that_chroma_lost_are_filled_in_again(tmp_path: Path) -> None:
    with EvidenceIndex(tmp_path, CountingEncoder()) as index:
        add(index, ORTHOPEDICS, DENTIST)
    shutil.rmtree(tmp_path / "chroma")
    VectorStore(tmp_path / "chroma").close()
    EvidenceIndex(tmp_path, CountingEncoder()).close()
    store = VectorStore(tmp_path / "chroma")
    assert store.count() == 2
    store.close()


def test_what_a_crash_left_half_written_is_thrown_away(tmp_path: Path) -> None:
    with EvidenceIndex(tmp_path, CountingEncoder()) as index:
        add(index, ORTHOPEDICS)
    (tmp_path / ".0123456789ab").mkdir()
    (tmp_path / ".0123456789ab" / "passages.json").write_text("{")
    with EvidenceIndex(tmp_path, CountingEncoder()) as index:
        assert index.files == ("knee.pdf",)
    assert not (tmp_path / ".0123456789ab").exists()


def test_a_full_disk_is_said_in_one_sentence_and_loses_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EvidenceIndex(tmp_path, CountingEncoder()) as index:
        add(index, ORTHOPEDICS)
        monkeypatch.setattr(os, "fsync", _no_space)
        with pytest.raises(StorageError, match="free some space"):
            add(index, CARDIOLOGY)
        monkeypatch.undo()
        assert index.files == ("knee.pdf",)
        assert [hit.passage.span.file for hit in index.search("apixaban", 5)] == ["knee.pdf"]
    with EvidenceIndex(tmp_path, CountingEncoder()) as index:
        assert index.files == ("knee.pdf",)
        assert not _files_holding(MARKER, tmp_path)


def test_a_second_index_on_the_folder_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    with EvidenceIndex(tmp_path, CountingEncoder()), pytest.raises(EvidenceError, match="open elsewhere"):
        EvidenceIndex(tmp_path, CountingEncoder())
    EvidenceIndex(tmp_path, CountingEncoder()).close()


def test_after_closing_the_folder_can_be_deleted_and_made_again(tmp_path: Path) -> None:
    for _ in range(2):
        index = EvidenceIndex(tmp_path / "index", CountingEncoder())
        add(index, CARDIOLOGY)
        assert index.search("apixaban", 1)
        index.close()
        assert _is_released(tmp_path)
        shutil.rmtree(tmp_path / "index")
        assert not list(tmp_path.iterdir())


def test_an_index_whose_record_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(RecordNotFoundError):
        EvidenceIndex(tmp_path / "deleted record" / "index", CountingEncoder())
    with pytest.raises(EvidenceError, match="open it again"):
        VectorStore(tmp_path / "deleted record" / "chroma")
    assert not list(tmp_path.iterdir())


def test_a_closed_index_says_so_and_does_not_come_back(tmp_path: Path) -> None:
    index = EvidenceIndex(tmp_path / "index", CountingEncoder())
    add(index, CARDIOLOGY)
    work = index.add([ORTHOPEDICS])
    next(work)
    index.close()
    shutil.rmtree(tmp_path / "index")
    for use in (
        lambda: index.search("apixaban", 1),
        lambda: list(work),
        lambda: index.remove(CARDIOLOGY.file),
        lambda: list(index.rebuild([CARDIOLOGY])),
    ):
        with pytest.raises(EvidenceError, match="open it again"):
            use()
    assert not list(tmp_path.iterdir())


def test_an_index_closed_in_the_middle_of_a_search_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = CountingEncoder()
    index = EvidenceIndex(tmp_path / "index", encoder)
    add(index, CARDIOLOGY)

    def closes_it(texts: Sequence[str]) -> Vectors:
        index.close()
        shutil.rmtree(tmp_path / "index")
        return CountingEncoder().encode(texts)

    monkeypatch.setattr(encoder, "encode", closes_it)
    with pytest.raises(EvidenceError, match="open it again"):
        index.search("apixaban", 1)
    assert not list(tmp_path.iterdir())


def test_a_process_killed_while_indexing_leaves_an_index_that_opens(tmp_path: Path) -> None:
    program = f"""
        from pathlib import Path
        from assistant.evidence.index import EvidenceIndex
        from tests.evidence.test_index import CountingEncoder
        from tests.evidence.writing import page
        with EvidenceIndex(Path({str(tmp_path)!r}), CountingEncoder()) as index:
            number = 0
            while True:
                number += 1
                for _ in index.add([page(f"Visit {{number}}: knee pain.", 1, f"{{number}}.txt")]):
                    pass
                print(number, flush=True)
        """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    while int(child.stdout.readline()) < 5:
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with EvidenceIndex(tmp_path, CountingEncoder()) as index:
        assert len(index.files) >= 5
        assert len(index.search("knee pain", 100)) == len(index.files)


def _must_not_be_asked(*_: object) -> tuple[Near, ...]:
    raise AssertionError("the vectors were searched")


def _no_space(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "no space left on device")


def _damage(path: Path, damage: str) -> None:
    if damage == "delete":
        path.unlink()
    elif damage == "truncate":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.write_bytes(b"\xff" * path.stat().st_size)


def _files_holding(words: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and words.encode() in path.read_bytes()]


def _is_released(folder: Path) -> bool:
    """Whether no file under the folder is open any more; Chroma's threads take a moment to let go."""
    deadline = time.monotonic() + 5
    while held := [name for name in _open_files() if name.startswith(str(folder))]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return not held


def _open_files() -> list[str]:
    folder = Path("/proc/self/fd")
    return [str(link.readlink()) for link in folder.iterdir() if link.is_symlink()] if folder.is_dir() else []

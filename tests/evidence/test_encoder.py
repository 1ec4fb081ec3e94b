"""The packaged encoder puts like meanings near each other, in any batch, without asking a hub."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from assistant.errors import EvidenceError
from assistant.evidence.byte_bert import ByteBert, is_fit
from assistant.evidence.encoder import Encoder, byte_vectors, open_model, packaged_folder, plain_vectors


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def test_vectors_have_unit_length_and_keep_the_order_of_the_texts(encoder: Encoder) -> None:
    texts = ["knee", "the patient was short of breath on exertion " * 9, "atrial fibrillation"] * 7
    vectors = encoder.encode(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (21, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[:3], vectors[18:], atol=2e-2)


def test_like_meanings_are_nearer_than_unlike_ones(encoder: Encoder) -> None:
    asked, like, unlike = encoder.encode(
        ["trouble breathing", "dyspnea, she is short of breath", "fracture of the left wrist"]
    )
    assert asked @ like > asked @ unlike + 0.2


def test_products_in_bytes_give_the_plain_networks_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model(packaged_folder())
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True)
    assert is_fit(model)
    texts = [
        "Apixaban 5 mg twice daily.",
        "Potassium 4.1 mmol/L (3.5-5.1)\n" * 40,
        "  She fell on the stairs and broke her left wrist; no loss of consciousness.  ",
    ]
    plain, in_bytes = plain_vectors(model, texts), byte_vectors(ByteBert(model), model, texts)
    assert in_bytes.shape == plain.shape
    assert (plain * in_bytes).sum(axis=1).min() > 0.99
    assert np.allclose(np.linalg.norm(in_bytes, axis=1), 1, atol=1e-5)


def test_what_is_no_plain_bert_or_no_such_processor_keeps_the_plain_network(monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model(packaged_folder())
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True)
    monkeypatch.setattr(model[1], "pooling_mode", "cls")
    assert not is_fit(model)
    monkeypatch.undo()
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: False)
    assert not is_fit(model)


def test_it_knows_english_and_no_chinese(encoder: Encoder) -> None:
    assert encoder.knows("HbA1c 7.2 % in May")
    assert not encoder.knows("患者对什么过敏？")


def test_no_text_gives_no_vector(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_a_folder_without_an_encoder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"modules\.json"):
        Encoder(tmp_path).encode(["knee"])


def test_the_fingerprint_tells_encoders_apart(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"x")
    assert Encoder(tmp_path).fingerprint != Encoder().fingerprint == Encoder().fingerprint

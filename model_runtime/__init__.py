"""Run BailingMoeV2 language models (AntAngelMed, Ling-flash-2.0, Ling-mini-2.0, Ring) with 4-bit experts."""

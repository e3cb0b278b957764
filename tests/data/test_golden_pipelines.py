"""Pipelines give TensorFlow's elements, in TensorFlow's order."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

import deras as tf

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden" / "data.json"


def _pipelines():
    spec = importlib.util.spec_from_file_location("data_pipelines", HERE / "pipelines.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PIPELINES = _pipelines()
RECORDED = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("name", PIPELINES.CASES)
def test_pipeline(name):
    found = json.loads(json.dumps(PIPELINES.result(tf, name)))
    assert found == RECORDED[name]


def test_all_recorded_cases_are_there():
    assert set(PIPELINES.CASES) == set(RECORDED)

"""The record of public names."""

from __future__ import annotations

import pytest

from deras._src.util import export as module
from deras._src.util.export import export, export_value, public_module


@pytest.fixture
def names(monkeypatch):
    monkeypatch.setattr(module, "EXPORTS", {})
    return module


def test_functions_and_classes(names):
    @export("math.add", "add")
    def add():
        pass

    @export("Thing")
    class Thing:
        __slots__ = ()

    assert {"math.add": add, "add": add, "Thing": Thing} == names.EXPORTS
    assert add.__module__ == "deras.math"
    assert Thing.__module__ == "deras"
    assert vars(add) == {}


def test_values(names):
    value = export_value(3, "errors.THREE", "THREE")
    assert value == 3
    assert names.EXPORTS == {"errors.THREE": 3, "THREE": 3}


def test_clash(names):
    export_value(3, "three")
    export_value(3, "three")
    with pytest.raises(ValueError, match=r"'three' is taken by 3, and .*other asks for it too"):

        @export("three")
        def other():
            pass


def test_no_name(names):
    with pytest.raises(ValueError, match="at least one public name"):
        export_value(3)


def test_public_module():
    assert public_module("keras.layers.Dense") == "deras.keras.layers"
    assert public_module("add") == "deras"

"""The `deras` command itself: help, version, what is not a command; and `deras info`."""

from __future__ import annotations

import pytest

import deras
from deras._src.cli import info, main


def test_help_names_every_command(capsys):
    assert main.main([]) == 0
    bare = capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main.main(["--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == bare
    assert all(name in bare for name in main.COMMANDS)


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main.main(["--version"])
    assert caught.value.code == 0
    assert deras.__version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rum"], "there is no command 'rum'; did you mean 'run'?"),
        (["xyzzy"], "choose from run, info, demo"),
        (["train.py"], "to run a program: deras run train.py"),
        (["--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["info", "--frobnicate"], "unrecognized arguments: --frobnicate"),
    ],
)
def test_what_is_no_command_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_info_is_plain_text_off_a_terminal(capsys):
    assert main.main(["info"]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    for word in ("deras", deras.__version__, "jaxlib", "numpy", "python", "Devices", "GPU"):
        assert word in text


GPU_READY = {
    "has_driver": True,
    "plugin": "jax-cuda13-plugin",
    "plugin_version": "0.12.0",
    "jaxlib_version": "0.12.0",
    "platforms": "",
    "hidden": None,
}


class _Jax:
    """Stands for JAX on a machine whose GPU does not come up."""

    @staticmethod
    def devices(platform):
        raise RuntimeError(f"no {platform} here")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"has_driver": False}, "no NVIDIA driver is loaded"),
        ({"plugin": None}, r"pip install 'jax\[cuda13\]'"),
        ({"jaxlib_version": "0.11.0"}, "jax-cuda13-plugin 0.12.0 does not fit jaxlib 0.11.0"),
        ({"platforms": "cpu"}, "JAX_PLATFORMS=cpu keeps JAX away"),
        ({"hidden": "-1"}, "CUDA_VISIBLE_DEVICES='-1' hides every GPU"),
        ({}, "JAX says: no cuda here"),
    ],
)
def test_the_piece_that_a_gpu_lacks_is_named(change, message):
    text = info.missing_for_gpu(**{**GPU_READY, **change}, jax=_Jax)
    assert pytest.raises(AssertionError, match=message).matches(AssertionError(text))

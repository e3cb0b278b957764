"""`tf.io.gfile` and the ops on whole files: what they do, and what they raise."""

from __future__ import annotations

import os
import sys

import pytest

import deras as tf

gfile = tf.io.gfile
errors = tf.errors


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder with some files, as the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f").write_text("one\ntwo\n\nthree")
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "x").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bin").write_bytes(b"\xff\xfe\n\x00a")
    (tmp_path / ".hidden").write_text("")
    return tmp_path


def test_what_exists():
    found = [gfile.exists(p) for p in ("f", "dir", "no", "", "f/x", b"f")]
    assert found == [True, True, False, False, False, True]
    assert [gfile.isdir(p) for p in ("dir", "f", "no")] == [True, False, False]


def test_listing():
    assert gfile.listdir("dir") == ["x"]
    assert gfile.listdir(".") == [".hidden", "bin", "dir", "empty", "f"]
    for path in ("no", "f"):
        with pytest.raises(errors.NotFoundError, match=f"Could not find directory {path}"):
            gfile.listdir(path)


def test_making_directories():
    gfile.mkdir("dir")  # there already: TensorFlow says nothing
    gfile.mkdir("f")
    gfile.mkdir("new")
    gfile.makedirs("q/w/e")
    gfile.makedirs("q/w/e")
    gfile.makedirs("")
    assert os.path.isdir("new")
    assert os.path.isdir("q/w/e")
    with pytest.raises(errors.NotFoundError, match="a/b; No such file"):
        gfile.mkdir("a/b")
    with pytest.raises(errors.FailedPreconditionError, match="f/x; Not a directory"):
        gfile.mkdir("f/x")
    for path in ("f", "f/x"):
        with pytest.raises(errors.FailedPreconditionError, match="Not a directory"):
            gfile.makedirs(path)


def test_removing():
    with pytest.raises(errors.NotFoundError, match="no; No such file"):
        gfile.remove("no")
    with pytest.raises(errors.FailedPreconditionError, match="dir; Is a directory"):
        gfile.remove("dir")
    with pytest.raises(errors.NotFoundError, match="no; No such file"):
        gfile.rmtree("no")
    gfile.remove("bin")
    gfile.rmtree("f")
    gfile.rmtree("dir")
    assert gfile.listdir(".") == [".hidden", "empty"]


def test_renaming():
    with pytest.raises(errors.NotFoundError, match="no; No such file"):
        gfile.rename("no", "z")
    with pytest.raises(errors.NotFoundError, match="No such file"):
        gfile.rename("f", "nodir/x")
    with pytest.raises(errors.AlreadyExistsError, match="dir/x: file already exists"):
        gfile.rename("f", "dir/x")
    with pytest.raises(errors.FailedPreconditionError, match="Is a directory"):
        gfile.rename("f", "dir", overwrite=True)
    gfile.rename("f", "dir/x", overwrite=True)
    assert gfile.GFile("dir/x").readline() == "one\n"


def test_copying():
    with pytest.raises(errors.NotFoundError, match="no; No such file"):
        gfile.copy("no", "z")
    with pytest.raises(errors.AlreadyExistsError, match="file already exists"):
        gfile.copy("f", "dir/x")
    with pytest.raises(errors.InvalidArgumentError, match="dir is a directory"):
        gfile.copy("dir", "z")
    with pytest.raises(errors.FailedPreconditionError, match="dir; Is a directory"):
        gfile.copy("f", "dir", overwrite=True)
    with pytest.raises(errors.NotFoundError, match="nodir/x; No such file"):
        gfile.copy("f", "nodir/x")
    with pytest.raises(errors.InvalidArgumentError, match="the same file"):
        gfile.copy("f", "./f", overwrite=True)
    gfile.copy("f", "dir/x", overwrite=True)
    assert gfile.GFile("dir/x").read() == gfile.GFile("f").read() == "one\ntwo\n\nthree"


def test_stat():
    found = gfile.stat("f")
    assert (found.length, found.is_directory) == (14, False)
    assert found.mtime_nsec == os.stat("f").st_mtime_ns
    assert gfile.stat("dir").is_directory
    with pytest.raises(errors.NotFoundError, match="no; No such file"):
        gfile.stat("no")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", ["./.hidden", "./bin", "./dir", "./empty", "./f"]),
        ("dir/*", ["dir/x"]),
        ("no*", []),
        ("no/x*", []),
        ("[fd]*", ["./dir", "./f"]),
        ("[!fd.]*", ["./bin", "./empty"]),
        ("[^fd.]*", ["./bin", "./empty"]),
        ("d?r", ["./dir"]),
        ("{f,bin}", []),
        ("dir", ["dir"]),
        ("no", []),
        ("*/*", ["./dir/x"]),
        ("", []),
        ("f/*", []),
        (["f", "d*"], ["f", "./dir"]),
        (r"\*", []),
    ],
)
def test_glob(pattern, found):
    assert gfile.glob(pattern) == found


def test_glob_of_whole_paths(place):
    assert gfile.glob(f"{place}/d*/*") == [f"{place}/dir/x"]
    assert gfile.glob(f"file://{place}/d*") == [f"file://{place}/dir"]
    assert "/etc" in gfile.glob("/et*")


def test_walk():
    gfile.makedirs("q/w")
    assert list(gfile.walk("q")) == [("q", ["w"], []), ("q/w", [], [])]
    assert list(gfile.walk("q", topdown=False)) == [("q/w", [], []), ("q", ["w"], [])]
    assert next(gfile.walk("."))[1:] == (["dir", "empty", "q"], [".hidden", "bin", "f"])
    seen: list[Exception] = []
    assert list(gfile.walk("no", onerror=seen.append)) == []
    assert isinstance(seen[0], errors.NotFoundError)


def test_join():
    assert gfile.join("a", "b", "/c") == "/c"
    assert gfile.join("gs://b", "c") == "gs://b/c"
    assert gfile.join(b"a", b"b") == b"a/b"


@pytest.mark.parametrize("mode", ["x", "", "z", "rt", "rw"])
def test_a_mode_that_is_none(mode):
    with pytest.raises(errors.InvalidArgumentError, match="is not 'r', 'w', 'a'"):
        gfile.GFile("f", mode)


def test_reading_text():
    with gfile.GFile("f") as file:
        assert (file.name, file.mode) == ("f", "r")
        assert file.read(3) == "one"
        assert file.tell() == 3
        assert file.readline() == "\n"
        assert file.next() == "two\n"
        assert file.readlines() == ["\n", "three"]
        assert (file.read(), file.readline(), file.size()) == ("", "", 14)
        with pytest.raises(StopIteration):
            next(file)
        with pytest.raises(errors.PermissionDeniedError, match="isn't open for writing"):
            file.write("x")
        with pytest.raises(errors.InvalidArgumentError, match="negative number of bytes: -5"):
            file.read(-5)
    assert file.read(1) == "o"  # opened again, as TensorFlow does
    assert next(gfile.GFile("f", "rb")) == b"one\n"
    file.close()


def test_reading_bytes():
    assert gfile.GFile("bin", "rb").read() == b"\xff\xfe\n\x00a"
    with pytest.raises(UnicodeDecodeError):
        gfile.GFile("bin").read()


def test_seeking():
    file = gfile.GFile("f")
    file.seek(4)
    assert file.read(3) == "two"
    file.seek(-2, 1)
    assert file.read(2) == "wo"
    file.seek(-5, 2)
    assert (file.read(), file.seekable()) == ("three", True)
    file.seek(position=1)
    assert file.read(2) == "ne"
    with pytest.raises(errors.OutOfRangeError, match="past the end"):
        file.seek(15)
    with pytest.raises(errors.InvalidArgumentError, match="negative position: -1"):
        file.seek(-1)
    with pytest.raises(errors.InvalidArgumentError, match="whence must be 0, 1 or 2, not 9"):
        file.seek(1, 9)
    with pytest.raises(TypeError, match="offset is required"):
        file.seek()


def test_writing():
    with gfile.GFile("new", "w") as file:
        file.write("héllo")
        file.write(b"abc")
        assert (file.tell(), file.size()) == (9, 9)
        with pytest.raises(errors.PermissionDeniedError, match="isn't open for reading"):
            file.read()
        with pytest.raises(TypeError, match="expected str or bytes, got int"):
            file.write(3)
    assert gfile.GFile("new", "rb").read() == b"h\xc3\xa9lloabc"
    with gfile.GFile("new", "a") as file:
        file.write("!")
    with gfile.GFile("new", "r+") as file:
        file.write("H")
        assert file.read() == "élloabc!"
    with gfile.GFile("new2", "w+") as file:
        file.write("abc")
        file.seek(1)
        assert file.read() == "bc"


def test_a_file_is_opened_when_it_is_used():
    gfile.GFile("untouched", "w").close()
    assert not gfile.exists("untouched")
    file = gfile.GFile("no")
    for use in (file.read, file.size, file.readline):
        with pytest.raises(errors.NotFoundError, match="no; No such file"):
            use()
    with pytest.raises(errors.FailedPreconditionError, match="dir; Is a directory"):
        gfile.GFile("dir").read()
    with pytest.raises(errors.NotFoundError, match="nodir/x; No such file"):
        gfile.GFile("nodir/x", "w").write("a")
    with pytest.raises(errors.FailedPreconditionError, match="dir; Is a directory"):
        gfile.GFile("dir", "w").write("a")


@pytest.mark.skipif(hasattr(os, "getuid") and os.getuid() == 0, reason="root may read anything")
def test_what_may_not_be_read(place):
    (place / "locked").mkdir(mode=0)
    (place / "f").chmod(0)
    with pytest.raises(errors.PermissionDeniedError, match="f; Permission denied"):
        gfile.GFile("f").read()
    with pytest.raises(errors.PermissionDeniedError, match="locked/x; Permission denied"):
        tf.io.write_file("locked/x", "a")
    assert gfile.glob("locked/*") == []


def test_a_refusal_of_the_system(monkeypatch):
    def refuse(*unused):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(errors.PermissionDeniedError, match="f; Permission denied"):
        tf.io.read_file("f")


def test_paths_of_other_types(place):
    assert gfile.exists(place / "f")
    assert gfile.GFile(b"f").name == b"f"
    with pytest.raises(TypeError, match=r"must be str, bytes or os\.PathLike, got 3"):
        gfile.exists(3)
    with pytest.raises(errors.InvalidArgumentError, match="null"):
        gfile.GFile("a\0b").read()


def test_whole_files():
    assert tf.io.read_file("bin").numpy() == b"\xff\xfe\n\x00a"
    tf.io.write_file("n1/n2/f", "abc")
    assert tf.io.read_file("n1/n2/f").numpy() == b"abc"
    with pytest.raises(errors.NotFoundError, match="no; No such file"):
        tf.io.read_file("no")
    with pytest.raises(errors.FailedPreconditionError, match="Is a directory"):
        tf.io.read_file("dir")
    with pytest.raises(errors.FailedPreconditionError, match="Is a directory"):
        tf.io.write_file("dir", "abc")
    with pytest.raises(errors.FailedPreconditionError, match="Not a directory"):
        tf.io.write_file("f/x", "abc")
    with pytest.raises(errors.InvalidArgumentError, match="filename must be a scalar"):
        tf.io.read_file(["f", "f"])


def test_matching_files():
    assert tf.io.matching_files(["d*", "no*", "b*"]).numpy().tolist() == [b"./bin", b"./dir"]
    with pytest.raises(errors.InvalidArgumentError, match="must be a scalar or a vector"):
        tf.io.matching_files([["f"]])


def test_files_inside_a_function():
    @tf.function
    def exchange(path, data):
        tf.io.write_file(path, data)
        first = tf.io.read_file(path)
        tf.io.write_file(path, data + "!" if False else "second")
        return first, tf.io.read_file(path), tf.io.matching_files("d*")

    first, second, found = exchange(tf.constant("g"), tf.constant("first"))
    assert (first.numpy(), second.numpy()) == (b"first", b"second")
    assert found.numpy().tolist() == [b"./dir"]


def test_schemes_need_fsspec(monkeypatch):
    from deras._src.io import file_system

    monkeypatch.setattr(file_system, "_others", {})
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(errors.UnimplementedError, match=r"'gs' not implemented .*\n.*deras\[cloud"):
        gfile.exists("gs://bucket/x")


def test_an_unknown_scheme():
    pytest.importorskip("fsspec")
    with pytest.raises(errors.UnimplementedError, match="'nosuch' not implemented"):
        gfile.exists("nosuch://x")
    assert {"", "file", "ram", "gs"} <= set(gfile.get_registered_schemes())


def test_another_file_system():
    pytest.importorskip("fsspec")
    root = "memory://deras-test"
    gfile.makedirs(f"{root}/a/b")
    with gfile.GFile(f"{root}/a/x.txt", "w") as file:
        file.write("one\ntwo\n")
    assert gfile.GFile(f"{root}/a/x.txt").readlines() == ["one\n", "two\n"]
    assert gfile.listdir(f"{root}/a") == ["b", "x.txt"]
    assert gfile.isdir(f"{root}/a/b")
    assert gfile.stat(f"{root}/a/x.txt").length == 8
    assert gfile.glob(f"{root}/*/*.txt") == [f"{root}/a/x.txt"]
    gfile.copy(f"{root}/a/x.txt", "local.txt")
    gfile.copy("local.txt", f"{root}/a/y.txt")
    gfile.rename(f"{root}/a/y.txt", f"{root}/a/z.txt")
    assert tf.io.read_file(f"{root}/a/z.txt").numpy() == b"one\ntwo\n"
    assert list(gfile.walk(root)) == [
        (root, ["a"], []),
        (f"{root}/a", ["b"], ["x.txt", "z.txt"]),
        (f"{root}/a/b", [], []),
    ]
    with tf.io.TFRecordWriter(f"{root}/r") as writer:
        writer.write(b"record")
    gfile.remove(f"{root}/a/z.txt")
    with pytest.raises(errors.NotFoundError, match="No such file"):
        gfile.rename(f"{root}/no", f"{root}/z")
    with pytest.raises(errors.NotFoundError, match="no"):
        gfile.GFile(f"{root}/no").read()
    with pytest.raises(errors.UnimplementedError, match="different file systems"):
        gfile.rename(f"{root}/a/x.txt", "elsewhere")
    gfile.rmtree(root)
    assert not gfile.exists(f"{root}/a/x.txt")

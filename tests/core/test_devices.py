"""`tf.DeviceSpec`, `tf.device`, `tf.config`; several devices run in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import deras as tf

ROOT = Path(__file__).resolve().parent.parent.parent
CPU = "/job:localhost/replica:0/task:0/device:CPU:0"


@pytest.fixture
def hard():
    tf.config.set_soft_device_placement(False)
    yield
    tf.config.set_soft_device_placement(True)


def place(name):
    with tf.device(name):
        return (tf.constant([1.0]) + 1.0).device


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/job:a/replica:1/task:2/device:GPU:3", "/job:a/replica:1/task:2/device:GPU:3"),
        ("/cpu:0", "/device:CPU:0"), ("GPU:*", "/device:GPU:*"), ("", ""),
        ("/gpu:0", "/device:GPU:0"), ("/job:a", "/job:a"), ("CPU", "/device:CPU:*"),
        ("/job:w/cpu:1", "/job:w/device:CPU:1"), ("/device:FOO:0", "/device:FOO:0"),
    ],
)  # fmt: skip
def test_device_names(text, wanted):
    assert tf.DeviceSpec.from_string(text).to_string() == wanted


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("/device:GPU", "Unknown attribute 'device'"),
        ("foo", "Unknown attribute 'foo' is encountered while parsing the device spec: 'foo'."),
        ("XLA_CPU:0", "Unknown attribute 'XLA_CPU'"),
        ("a:b:c", "Unknown attribute 'a'"),
        ("/task:x", "invalid literal for int"),
        ("/CPU:0/GPU:1", "Multiple device types are not allowed"),
    ],
)
def test_names_that_are_no_devices(text, match):
    with pytest.raises(ValueError, match=match):
        tf.DeviceSpec.from_string(text)


def test_specs_are_values():
    a = tf.DeviceSpec(job="a", device_type="CPU")
    assert a == tf.DeviceSpec(job="a", device_type="cpu")
    assert hash(a) == hash(tf.DeviceSpec(job="a", device_type="cpu"))
    assert a != tf.DeviceSpec(job="b", device_type="CPU")
    assert repr(tf.DeviceSpec(job="a", device_type="gpu", device_index=1)) == (
        "<DeviceSpec(job=a, replica=None, task=None, device_type=GPU, device_index=1)>"
    )
    other = tf.DeviceSpec(task=1, device_type="GPU", device_index=0)
    assert a.make_merged_spec(other).to_string() == "/job:a/task:1/device:GPU:0"
    assert a.parse_from_string("/task:3/GPU:1").to_string() == "/task:3/device:GPU:1"
    assert a.replace(job="q", replica=2).to_string() == "/job:q/replica:2/device:CPU:*"
    with pytest.raises(AttributeError):
        a.job = "x"
    assert tf.DeviceSpec(replica="1").to_string() == "/replica:1"


@pytest.mark.parametrize(
    "name",
    ["/CPU:0", "cpu:0", "/device:CPU:0", CPU, "CPU", "", "/job:localhost", None, "/device:CPU:*",
     tf.DeviceSpec(device_type="CPU", device_index=0), tf.config.LogicalDevice("/CPU:0", "CPU")],
)  # fmt: skip
def test_the_cpu_by_its_names(name, hard):
    assert place(name) == CPU


def test_a_missing_device_is_replaced_only_where_placement_is_soft():
    assert tf.config.get_soft_device_placement()
    for name in ("/CPU:7", "/device:FOO:0"):
        assert place(name) == CPU
    tf.config.set_soft_device_placement(False)
    try:
        for name in ("/CPU:7", "/device:FOO:0"):
            with pytest.raises(
                tf.errors.InvalidArgumentError, match=r"Could not satisfy device specification '/j"
            ):
                place(name)
    finally:
        tf.config.set_soft_device_placement(True)


def test_what_is_no_device():
    with pytest.raises(RuntimeError, match=r"tf.device does not support functions\."):
        tf.device(lambda op: "/CPU:0")
    with pytest.raises(ValueError, match=r"Expecting a string device name\. Got <class 'int'>"):
        tf.device(5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="unknown device"):
        place("/job:worker/task:1")


def test_physical_devices():
    (cpu,) = tf.config.list_physical_devices("CPU")
    assert repr(cpu) == "PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')"
    assert cpu == ("/physical_device:CPU:0", "CPU")
    assert tf.config.list_physical_devices("FOO") == []
    assert cpu in tf.config.get_visible_devices()
    assert tf.config.list_logical_devices("CPU")[0] == ("/device:CPU:0", "CPU")
    assert tf.config.experimental.get_device_details(cpu) == {}


def test_mistakes_about_devices():
    (cpu,) = tf.config.list_physical_devices("CPU")
    lost = tf.config.PhysicalDevice("/physical_device:GPU:77", "GPU")
    config = tf.config.experimental
    two = [tf.config.LogicalDeviceConfiguration(memory_limit=10)]
    for call in (
        lambda: config.get_memory_growth(lost),
        lambda: config.set_memory_growth(lost, True),
        lambda: tf.config.set_visible_devices(lost),
        lambda: tf.config.set_visible_devices("CPU:0"),
        lambda: tf.config.set_visible_devices([cpu], "GPU"),
        lambda: tf.config.set_logical_device_configuration(lost, []),
    ):
        with pytest.raises(ValueError, match="Unrecognized device"):
            call()
    with pytest.raises(ValueError, match="Cannot set memory growth on non-GPU"):
        config.set_memory_growth(cpu, True)
    with pytest.raises(ValueError, match="Setting memory limit on CPU virtual devices"):
        tf.config.set_logical_device_configuration(cpu, two)
    with pytest.raises(ValueError, match=r"device must be a tf\.config\.PhysicalDevice"):
        config.get_device_details("x")
    with pytest.raises(ValueError, match="Allocator stats not available for device 'CPU:0'"):
        config.get_memory_info("CPU:0")
    with pytest.raises(ValueError, match="No matching devices found for 'GPU:77'"):
        config.get_memory_info("GPU:77")
    with pytest.raises(ValueError, match="Failed parsing device name: 'foo'"):
        config.get_memory_info("foo")
    with pytest.raises(ValueError, match="Cannot reset memory stats"):
        config.reset_memory_stats("CPU:0")


def test_options_are_kept():
    config = tf.config
    config.threading.set_inter_op_parallelism_threads(3)
    assert config.threading.get_inter_op_parallelism_threads() == 3
    config.threading.set_inter_op_parallelism_threads(0)
    for given, kept in ((True, "autoclustering"), ("autoclustering", "autoclustering"),
                        ("foo", ""), (False, "")):  # fmt: skip
        config.optimizer.set_jit(given)
        assert config.optimizer.get_jit() == kept
    config.optimizer.set_experimental_options({"constant_folding": True, "foo": 1})
    assert config.optimizer.get_experimental_options() == {
        "disable_model_pruning": False, "disable_meta_optimizer": False, "constant_folding": True
    }  # fmt: skip
    config.experimental.set_device_policy("warn")
    assert config.experimental.get_device_policy() == "warn"
    config.experimental.set_device_policy(None)
    assert config.experimental.get_device_policy() == "silent"
    with pytest.raises(ValueError, match="Invalid argument `device_policy`: 'foo'"):
        config.experimental.set_device_policy("foo")
    config.experimental.enable_tensor_float_32_execution(False)
    assert not config.experimental.tensor_float_32_execution_enabled()
    config.experimental.enable_tensor_float_32_execution(True)
    config.experimental.enable_op_determinism()
    assert config.experimental.is_op_determinism_enabled()
    config.experimental.disable_op_determinism()
    assert config.experimental.VirtualDeviceConfiguration is config.LogicalDeviceConfiguration


def test_there_is_no_cpp_library():
    with pytest.raises(tf.errors.UnimplementedError, match="no C\\+\\+ library or headers"):
        tf.sysconfig.get_include()


SEVERAL = """
import deras as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
print([d.name for d in tf.config.list_logical_devices("CPU")])
def place(*names):
    if names:
        with tf.device(names[0]):
            return place(*names[1:])
    return (tf.constant([1.0]) + 1.0).device[-5:]
print(place("/CPU:1"), place("/CPU:1", None), place("/CPU:1", "/job:localhost"),
      place("/CPU:1", "CPU:0"), place("/CPU:1", ""), place("/CPU:1", "CPU"), place())
try:
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()])
except RuntimeError as error:
    print(error)
"""


def test_several_logical_devices_of_the_cpu():
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "['/device:CPU:0', '/device:CPU:1']",
        "CPU:1 CPU:0 CPU:1 CPU:0 CPU:1 CPU:1 CPU:0",
        "Virtual devices cannot be modified after being initialized",
    ]

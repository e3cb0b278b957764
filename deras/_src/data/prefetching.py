"""`prefetch`: the steps before it run on a thread, ahead of the consumer."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any

import jax

from deras._src import errors
from deras._src.core.dtypes import string, variant
from deras._src.data.node import Context, Element, End, Node, Stage, integer, tensor

# What AUTOTUNE stands for: enough for steps of uneven length, and little memory.
AUTOMATIC = 4


class Prefetch(Node):
    """The same elements, some of them made ahead of time.

    Attributes:
      device: the JAX device that elements are copied to, or None.
    """

    name = "Prefetch"

    def __init__(self, source: Node, size: Any, device: Any = None) -> None:
        super().__init__(source.spec, source)
        self.buffer_size, self.device = size, device
        if isinstance(size, int) and size < -1:
            raise errors.InvalidArgumentError(
                None, None, f"Dataset.prefetch: buffer_size must be >= 0 or -1, got {size}"
            )

    def tensors(self) -> Sequence[Any]:
        return (self.buffer_size,)

    def size(self, env: dict[int, Any]) -> int:
        return self.inputs[0].size(env)

    def open(self, context: Context) -> Stage:
        size = integer(self.buffer_size, context.env)
        inner = context.open(self.inputs[0])
        if size == 0 and self.device is None:
            return inner
        return PrefetchStage(inner, AUTOMATIC if size < 0 else max(size, 1), self.device)


class _Channel:
    """What the thread and the consumer share. The thread knows nothing of the stage itself."""

    def __init__(self, inner: Stage, size: int, device: Any) -> None:
        self.inner, self.size, self.device = inner, size, device
        self.ready = threading.Condition()
        self.items: deque[Any] = deque()
        self.stopped = self.ended = False
        self.step = threading.Lock()  # held while an element is made
        self.most = 0

    def run(self) -> None:
        """The thread: makes elements while there is room."""
        while True:
            with self.ready:
                while not self.stopped and len(self.items) >= self.size:
                    self.ready.wait()
                if self.stopped:
                    return
            with self.step:
                if self._is_stopped():
                    return
                try:
                    item: Any = self._on_device(self.inner.next())
                except End:
                    item = None
                except BaseException as error:  # noqa: BLE001 - raised again by the consumer
                    item = error
                with self.ready:
                    if item is None:
                        self.ended = True
                    else:
                        self.items.append(item)
                        self.most = max(self.most, len(self.items))
                    self.ready.notify_all()
                    if self.ended:
                        return
            del item

    def _is_stopped(self) -> bool:
        return self.stopped

    def _on_device(self, element: Element) -> Element:
        if self.device is None:
            return element
        made = [tensor(x) for x in element]
        for x in made:
            if x.dtype is not string and x.dtype is not variant:
                x._array = x.on(self.device)
        return tuple(made)

    def stop(self) -> None:
        """Lets the thread end after the element it is at."""
        with self.ready:
            self.stopped = True
            self.items.clear()
            self.ready.notify_all()


class PrefetchStage(Stage):
    """The consumer's side of the queue."""

    def __init__(self, inner: Stage, size: int, device: Any = None) -> None:
        self.inner, self.inputs = inner, (inner,)
        self._channel = _Channel(inner, size, device)
        self._thread: threading.Thread | None = None
        self._finalizer = weakref.finalize(self, self._channel.stop)
        self.capacity = size

    @property
    def most(self) -> int:
        """The most elements that waited at once."""
        return self._channel.most

    def next(self) -> Element:
        channel = self._channel
        if self._thread is None and not channel.ended and not channel.stopped:
            self._thread = threading.Thread(
                target=channel.run, name="deras-data-prefetch", daemon=True
            )
            self._thread.start()
        with channel.ready:
            while not channel.items and not channel.ended and not channel.stopped:
                channel.ready.wait()
            if not channel.items:
                raise End
            item = channel.items.popleft()
            channel.ready.notify_all()
        if isinstance(item, BaseException):
            raise item
        return item  # type: ignore[no-any-return]

    def state(self) -> Any:
        channel = self._channel
        with channel.step:
            items = list(channel.items)
            for item in items:
                if isinstance(item, BaseException):
                    raise errors.FailedPreconditionError(
                        None, None, f"tf.data: an element that failed waits to be taken: {item}"
                    )
            return {"inner": self.inner.state(), "items": items, "ended": channel.ended}

    def restore(self, state: Any) -> None:
        self.inner.restore(state["inner"])
        self._channel.items = deque(tuple(item) for item in state["items"])
        self._channel.ended = state["ended"]

    def close(self) -> None:
        self._channel.stop()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        super().close()


def device_of(name: Any) -> Any:
    """A JAX device by TensorFlow's name: `"/gpu:0"`, `"/device:CPU:1"`."""
    text = str(name).lower()
    kind, _, number = text.rpartition(":") if text[-1].isdigit() else (text, "", "0")
    platform = "gpu" if "gpu" in kind else "tpu" if "tpu" in kind else "cpu"
    try:
        return jax.devices(platform)[int(number)]
    except (RuntimeError, IndexError):
        raise errors.InvalidArgumentError(
            None, None, f"tf.data: there is no device {name!r}"
        ) from None

"""The workloads in PyTorch. `compile` is the identity, or `torch.compile` for the compiled column.

What is compiled is the loss (forward and backward); updates are PyTorch's own fused optimizers
where it has one, and in-place operations elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
import workloads as spec
from workloads import Case, dense_weights, integers, normal

Compile = Callable[[Callable[..., Any]], Callable[..., Any]]


def tensor(values: Any) -> torch.Tensor:
    return torch.from_numpy(values)


def parameters(arrays: list[Any]) -> list[torch.Tensor]:
    return [tensor(a.copy()).requires_grad_() for a in arrays]


def ready(result: Any) -> None:
    """On the CPU PyTorch returns when the work is done; on a GPU it has to be waited for."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def operation(call: Callable[[], Any]) -> Case:
    return Case(call, ready, [float(call().sum())])


def training(step: Callable[[], Any]) -> Case:
    return Case(step, ready, [float(step()) for _ in range(3)])


def sgd(loss_of: Callable[[], Any], weights: list[torch.Tensor], rate: float) -> Case:
    """Descent by hand: for nets this small it is faster than torch.optim.SGD."""

    def step() -> Any:
        loss = loss_of()
        slopes = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for w, g in zip(weights, slopes, strict=True):
                w.sub_(g, alpha=rate)
        return loss.detach()

    return training(step)


# Single operations.


def add(compile: Compile) -> Case:
    x, y = tensor(normal("x", 100)), tensor(normal("y", 100))
    return operation(lambda: torch.add(x, y))


def matmul(compile: Compile) -> Case:
    x, y = tensor(normal("x", 64, 64)), tensor(normal("y", 64, 64))
    return operation(lambda: torch.matmul(x, y))


def reduce_mean(compile: Compile) -> Case:
    x = tensor(normal("x", 64, 64))
    return operation(lambda: torch.mean(x))


def slice_(compile: Compile) -> Case:
    x = tensor(normal("x", 64, 64))
    return operation(lambda: x[1:3, ::2])


# Dense nets.


def small_mlp(compile: Compile) -> Case:
    weights = parameters(dense_weights("small", spec.SMALL_SIZES))
    w1, b1, w2, b2 = weights
    x = tensor(normal("small.x", spec.SMALL_BATCH, spec.SMALL_SIZES[0]))
    y = tensor(normal("small.y", spec.SMALL_BATCH, spec.SMALL_SIZES[-1]))

    def loss_of() -> Any:
        hidden = torch.tanh(torch.addmm(b1, x, w1))
        return torch.mean(torch.square(torch.addmm(b2, hidden, w2) - y))

    return sgd(compile(loss_of), weights, spec.SMALL_RATE)


def wide_loss() -> tuple[Callable[[], Any], list[torch.Tensor]]:
    weights = parameters(dense_weights("wide", spec.WIDE_SIZES))
    x = tensor(normal("wide.x", spec.WIDE_BATCH, spec.WIDE_SIZES[0]))
    labels = tensor(integers("wide.labels", spec.WIDE_SIZES[-1], spec.WIDE_BATCH)).long()

    def loss_of() -> Any:
        h = x
        for i in range(0, len(weights) - 2, 2):
            h = torch.relu(torch.addmm(weights[i + 1], h, weights[i]))
        return F.cross_entropy(torch.addmm(weights[-1], h, weights[-2]), labels)

    return loss_of, weights


def wide_mlp_eager(compile: Compile) -> Case:
    loss_of, weights = wide_loss()
    return sgd(loss_of, weights, spec.WIDE_SGD_RATE)


def wide_mlp(compile: Compile) -> Case:
    loss_of, weights = wide_loss()
    loss_of = compile(loss_of)
    optimizer = torch.optim.Adam(
        weights,
        lr=spec.ADAM_RATE,
        betas=(spec.ADAM_BETA1, spec.ADAM_BETA2),
        eps=spec.ADAM_EPSILON,
        fused=True,
    )

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return training(step)


# Convolution, attention, recurrence.


def conv(compile: Compile) -> Case:
    k1, b1, k2, b2, head, bias = spec.conv_weights()
    # From (height, width, in, out) to (out, in, height, width); the head reads channels first.
    head = head.reshape(7, 7, 64, 10).transpose(2, 0, 1, 3).reshape(-1, 10)
    weights = parameters([k1.transpose(3, 2, 0, 1), b1, k2.transpose(3, 2, 0, 1), b2, head, bias])
    k1, b1, k2, b2, head, bias = weights
    images = tensor(normal("conv.x", spec.CONV_BATCH, 28, 28, 1)).permute(0, 3, 1, 2).contiguous()
    labels = tensor(integers("conv.labels", 10, spec.CONV_BATCH)).long()

    def loss_of() -> Any:
        x = F.max_pool2d(torch.relu(F.conv2d(images, k1, b1, padding=1)), 2)
        x = F.max_pool2d(torch.relu(F.conv2d(x, k2, b2, padding=1)), 2)
        return F.cross_entropy(torch.addmm(bias, x.flatten(1), head), labels)

    return sgd(compile(loss_of), weights, spec.CONV_RATE)


def transformer(compile: Compile) -> Case:
    batch, time, width = spec.ATTENTION_BATCH, spec.ATTENTION_TIME, spec.ATTENTION_WIDTH
    heads = spec.ATTENTION_HEADS
    depth = width // heads
    layers = [
        dict(zip(layer, parameters(list(layer.values())), strict=True))
        for layer in spec.attention_weights()
    ]
    weights = [w for layer in layers for w in layer.values()]
    x = tensor(normal("attention.x", batch, time, width))
    y = tensor(normal("attention.y", batch, time, width))

    def split(x: Any) -> Any:
        return x.view(batch, time, heads, depth).transpose(1, 2)

    def loss_of() -> Any:
        h = x
        for w in layers:
            z = F.layer_norm(h, (width,), w["scale1"], w["shift1"], 1e-6)
            query, key, value = split(z @ w["query"]), split(z @ w["key"]), split(z @ w["value"])
            mixed = F.scaled_dot_product_attention(query, key, value)
            h = h + mixed.transpose(1, 2).reshape(batch, time, width) @ w["output"]
            z = F.layer_norm(h, (width,), w["scale2"], w["shift2"], 1e-6)
            h = h + torch.relu(z @ w["up"] + w["up_bias"]) @ w["down"] + w["down_bias"]
        return torch.mean(torch.square(h - y))

    return sgd(compile(loss_of), weights, spec.ATTENTION_RATE)


def lstm(compile: Compile) -> Case:
    """The loop written out: torch.compile would unroll its hundred steps, so it stays eager."""
    batch, units = spec.LSTM_BATCH, spec.LSTM_UNITS
    weights = parameters(
        [
            normal("lstm.w", 2 * units, 4 * units, scale=0.06),
            normal("lstm.b", 4 * units, scale=0.1),
        ]
    )
    kernel, bias = weights
    x = tensor(normal("lstm.x", spec.LSTM_TIME, batch, units))

    def call() -> Any:
        hidden = cell = torch.zeros(batch, units)
        for now in x.unbind(0):
            both = torch.addmm(bias, torch.cat([now, hidden], 1), kernel)
            i, f, g, o = both.chunk(4, dim=1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
            hidden = torch.sigmoid(o) * torch.tanh(cell)
        loss = torch.mean(torch.square(hidden))
        return loss.detach(), *torch.autograd.grad(loss, weights)

    loss, slope, _ = call()
    return Case(call, ready, [float(loss), float(torch.linalg.norm(slope))])


def while_(compile: Compile) -> Case:
    """A Python loop: PyTorch compiles no loop whose `if` depends on a value."""
    start = torch.tensor(0.0)

    def call() -> Any:
        x = start
        for _ in range(spec.TRIPS):
            x = x * 0.5 if x > 1.0 else x + 0.3
        return x

    return operation(call)


# Sparse updates.


def embedding(compile: Compile) -> Case:
    table = tensor(normal("table", spec.TABLE_ROWS, spec.TABLE_WIDTH)).requires_grad_()
    ids = tensor(integers("bags", spec.TABLE_ROWS, spec.BAGS, spec.BAG_SIZE))
    target = tensor(normal("bags.y", spec.BAGS, spec.TABLE_WIDTH))

    def loss_of() -> Any:
        mean = F.embedding_bag(ids, table, mode="mean", sparse=True)
        return torch.mean(torch.sum(torch.square(mean - target), dim=1))

    return sgd(compile(loss_of), [table], spec.TABLE_RATE)


def jacobian(compile: Compile) -> Case:
    w1, b1, w2, b2 = map(tensor, dense_weights("jacobian", spec.JACOBIAN_SIZES))
    x = tensor(normal("jacobian.x", spec.JACOBIAN_SIZES[0]))
    slopes = compile(torch.func.jacrev(lambda x: torch.tanh(x @ w1 + b1) @ w2 + b2))
    return Case(lambda: slopes(x), ready, [float(torch.linalg.norm(slopes(x)))])


# What error checks cost: indices and labels are checked by PyTorch's own kernels on the CPU.


def checked_data() -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
    words, width, classes = spec.CHECKED_WORDS, spec.CHECKED_WIDTH, spec.CHECKED_CLASSES
    weights = parameters(
        [
            normal("checked.table", words, width),
            normal("checked.w", width, classes, scale=width**-0.5),
            normal("checked.b", classes, scale=0.1),
        ]
    )
    ids = tensor(integers("checked.ids", words, spec.CHECKED_BATCH)).long()
    labels = tensor(integers("checked.labels", classes, spec.CHECKED_BATCH)).long()
    return weights, ids, labels


def checked(compile: Compile) -> Case:
    weights, ids, labels = checked_data()
    table, kernel, bias = weights

    def loss_of() -> Any:
        logits = torch.addmm(bias, torch.tanh(F.embedding(ids, table)), kernel)
        return F.cross_entropy(logits, labels), torch.isfinite(logits).all()

    compiled = compile(loss_of)

    def step() -> Any:
        loss, finite = compiled()
        slopes = torch.autograd.grad(loss, weights)
        if not finite or not all(torch.isfinite(g).all() for g in slopes):
            raise FloatingPointError("NaN or infinity")
        with torch.no_grad():
            for w, g in zip(weights, slopes, strict=True):
                w.sub_(g, alpha=spec.CHECKED_RATE)
        return loss.detach()

    return training(step)


def unchecked(compile: Compile) -> Case:
    weights, ids, labels = checked_data()
    table, kernel, bias = weights
    words, classes = torch.arange(spec.CHECKED_WORDS), torch.arange(spec.CHECKED_CLASSES)

    def loss_of() -> Any:
        rows = (ids[:, None] == words).float() @ table
        logs = F.log_softmax(torch.addmm(bias, torch.tanh(rows), kernel), dim=1)
        return -torch.mean(torch.sum((labels[:, None] == classes).float() * logs, dim=1))

    return sgd(compile(loss_of), weights, spec.CHECKED_RATE)


WORKLOADS: dict[str, Callable[[Compile], Case]] = {
    "add": add,
    "matmul": matmul,
    "reduce_mean": reduce_mean,
    "slice": slice_,
    "small_mlp_eager": small_mlp,
    "small_mlp": small_mlp,
    "wide_mlp_eager": wide_mlp_eager,
    "wide_mlp": wide_mlp,
    "conv": conv,
    "transformer": transformer,
    "lstm": lstm,
    "while": while_,
    "embedding_eager": embedding,
    "embedding": embedding,
    "jacobian": jacobian,
    "checked": checked,
    "unchecked": unchecked,
}

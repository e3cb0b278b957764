"""What a model of the file is made of: its layers, its output, whether it adds losses."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from deras._src.checker.kinds import KindFinder
from deras._src.checker.libraries import (
    LAYER,
    MODEL,
)
from deras._src.checker.scopes import Scopes, returns

# Layers that act differently in training.
TRAINING_LAYERS = frozenset(
    {
        "AlphaDropout", "BatchNormalization", "Dropout", "GaussianDropout", "GaussianNoise",
        "MultiHeadAttention", "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip",
        "RandomHeight", "RandomRotation", "RandomTranslation", "RandomWidth", "RandomZoom",
        "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "SyncBatchNormalization",
    }
)  # fmt: skip
_REGULARIZERS = (
    "kernel_regularizer", "bias_regularizer", "activity_regularizer", "embeddings_regularizer",
    "recurrent_regularizer", "depthwise_regularizer",
)  # fmt: skip
_ACTIVATION_LAYERS = {"Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "relu"}
_LINEAR_LAYERS = ("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose")
_SHAPE_LAYERS = ("Flatten", "Reshape", "Permute", "Cropping2D")


@dataclass
class Output:
    """A model's last layer: units and activation where they can be read off."""

    units: int | None = None
    activation: str | None = None  # softmax, sigmoid, linear or another name; None: not known
    layer: str = ""


@dataclass
class Model:
    """What is known of a model."""

    layers: set[str] = field(default_factory=set)
    adds_losses: bool = False
    output: Output = field(default_factory=Output)

    @property
    def acts_differently_in_training(self) -> bool:
        return bool(self.layers & TRAINING_LAYERS)


class ModelReader:
    """Describes the models of a file."""

    def __init__(self, scopes: Scopes, kinds: KindFinder):
        self.scopes = scopes
        self.kinds = kinds
        self._models: dict[ast.AST, Model | None] = {}

    def describe(self, node: ast.AST) -> Model | None:
        """The model or layer that an expression gives; None where the file does not tell."""
        if isinstance(node, ast.Name) and node.id == "self":
            info = self.kinds.info_of(node)
            return self._class(info.node) if info else None
        found = None
        for origin in self.kinds.origins(node):
            model = self._origin(origin)
            if model is not None:
                found = model
        return found

    def _origin(self, node: ast.AST) -> Model | None:
        if node not in self._models:
            self._models[node] = None  # ends recursion
            if isinstance(node, ast.Call):
                self._models[node] = self._call(node)
        return self._models[node]

    def _call(self, node: ast.Call) -> Model | None:
        name = self.scopes.dotted(node.func) or ""
        named = self.kinds.class_named(node.func)
        if named:
            model = self._class(named)
            # class Gan(keras.Model) made as Gan(inputs, outputs): a functional model.
            outputs = argument(node, 1, "outputs")
            if model and not model.layers and outputs is not None and argument(node, 0, "inputs"):
                return self._functional(node, outputs)
            return model
        if name in ("tf.keras.Sequential", "tf.keras.models.Sequential"):
            return self._sequential(node)
        if name in ("tf.keras.Model", "tf.keras.models.Model"):
            outputs = argument(node, 1, "outputs")
            return self._functional(node, outputs) if outputs is not None else None
        if name.startswith("tf.keras.applications."):
            top = keyword(node, "include_top")
            activation = "softmax" if top is None else None
            if keyword(node, "classifier_activation") is not None:
                activation = None
            plain = name.rsplit(".", 1)[-1].startswith("VGG")
            layers: set[str] = set() if plain else {"BatchNormalization"}
            return Model(layers, output=Output(None, activation, "Dense"))
        if name.startswith("tf.keras.layers.") and self.kinds.kinds(node) == {LAYER}:
            return self._layer(node, name.rsplit(".", 1)[-1])
        function = self.kinds.function_of(node.func)
        if function is not None:
            for value in returns(function):
                given = self.describe(value)
                if given is not None and self.kinds.may_be(value, MODEL, LAYER):
                    return given
        return None

    def _layer(self, node: ast.Call, name: str) -> Model:
        model = Model({name})
        for part in node.keywords:
            none = isinstance(part.value, ast.Constant) and part.value.value is None
            if part.arg in _REGULARIZERS and not none:
                model.adds_losses = True
            zero = isinstance(part.value, ast.Constant) and not part.value.value
            if part.arg in ("dropout", "recurrent_dropout") and not zero:
                model.layers.add("Dropout")
        if name == "ActivityRegularization":
            model.adds_losses = True
        if name == "MultiHeadAttention" and "Dropout" not in model.layers:
            model.layers.discard(name)
        model.output.layer = name
        if name in _LINEAR_LAYERS:
            units = argument(node, 0, "units") if name == "Dense" else argument(node, 0, "filters")
            if isinstance(units, ast.Constant) and isinstance(units.value, int):
                model.output.units = units.value
            place = 1 if name == "Dense" else 99
            model.output.activation = self.activation(argument(node, place, "activation"))
        elif name == "Activation":
            model.output.activation = self.activation(argument(node, 0, "activation"))
        elif name in _ACTIVATION_LAYERS:
            model.output.activation = _ACTIVATION_LAYERS[name]
        return model

    def activation(self, node: ast.AST | None) -> str | None:
        """The name of an activation given as an argument; "linear" where it is left out."""
        if node is None or (isinstance(node, ast.Constant) and node.value in (None, "linear")):
            return "linear"
        if isinstance(node, ast.Constant):
            return str(node.value)
        name = self.scopes.dotted(node)
        return name.rsplit(".", 1)[-1] if name else None

    def _sequential(self, node: ast.Call) -> Model:
        parts: list[ast.expr] = []
        layers = argument(node, 0, "layers")
        for origin in self.kinds.origins(layers) if layers is not None else []:
            if isinstance(origin, ast.List | ast.Tuple):
                parts += origin.elts
        parts += self._added(node)
        model = Model()
        for part in parts:
            if isinstance(part, ast.Starred):
                model.output = Output()
                continue
            self._join(model, self.describe(part))
        return model

    def _added(self, node: ast.Call) -> list[ast.expr]:
        """What is added with `model.add(...)` to the Sequential made by `node`."""
        statement = self.scopes.statement(node)
        if not isinstance(statement, ast.Assign) or statement.value is not node:
            return []
        name = ast.unparse(statement.targets[0])
        around = self.scopes.enclosing(node) or self.scopes.tree
        found = []
        for part in ast.walk(around):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.args:
                if part.func.attr == "add" and ast.unparse(part.func.value) == name:
                    found.append(part)
        return [part.args[0] for part in sorted(found, key=lambda part: part.lineno)]

    @staticmethod
    def _join(model: Model, part: Model | None) -> None:
        if part is None:
            model.output = Output()
            return
        model.layers |= part.layers
        model.adds_losses |= part.adds_losses
        layer = part.output.layer
        if layer in ("Activation", *_ACTIVATION_LAYERS):
            model.output.activation = part.output.activation
        elif layer not in TRAINING_LAYERS and layer not in _SHAPE_LAYERS:
            model.output = part.output
        elif layer in _SHAPE_LAYERS:
            model.output = Output(None, model.output.activation, layer)

    def _functional(self, node: ast.Call, outputs: ast.expr) -> Model:
        model = Model()
        around = self.scopes.enclosing(node) or self.scopes.tree
        for part in ast.walk(around):
            # In a module only its own statements: other functions build other models.
            if isinstance(part, ast.Call) and self.scopes.enclosing(part) is (
                around if around is not self.scopes.tree else None
            ):
                name = self.scopes.dotted(part.func) or ""
                if name.startswith(("tf.keras.layers.", "tf.keras.applications.")) or (
                    self.kinds.class_named(part.func) is not None and part is not node
                ):
                    self._join(model, self._origin(part))
        model.output = self.output_of(outputs)
        return model

    def _class(self, node: ast.ClassDef) -> Model:
        if node in self._models:
            return self._models[node] or Model()
        self._models[node] = None
        model = Model()
        info = self.kinds.classes[node]
        for part in ast.walk(node):
            if isinstance(part, ast.Call):
                name = self.scopes.dotted(part.func) or ""
                if name.startswith("tf.keras.") or self.kinds.class_named(part.func) not in (
                    None,
                    node,
                ):
                    self._join(model, self._origin(part))
                function = part.func
                if isinstance(function, ast.Attribute) and function.attr in ("add_loss",):
                    model.adds_losses = True
                # self.add_weight(..., regularizer=...)
                if keyword(part, "regularizer") is not None:
                    model.adds_losses = True
        call = info.methods.get("call") or info.methods.get("__call__")
        values = returns(call) if call else []
        outputs = [self.output_of(value) for value in values]
        if len({output.activation for output in outputs}) == 1:
            model.output = outputs[-1]  # else it depends on an argument
        self._models[node] = model
        return model

    def output_of(self, node: ast.AST) -> Output:
        """Units and activation of the tensor that an expression gives."""
        for origin in self.kinds.origins(node):
            if not isinstance(origin, ast.Call):
                continue
            name = self.scopes.dotted(origin.func) or ""
            last = name.rsplit(".", 1)[-1]
            if last in ("softmax", "sigmoid", "log_softmax") and name.startswith("tf."):
                return Output(None, last, last)
            layer = self.describe(origin.func)
            if layer is None:
                continue
            if layer.output.layer in ("Activation", *_ACTIVATION_LAYERS) and origin.args:
                below = self.output_of(origin.args[0])
                activation = layer.output.activation
                if activation == "linear":  # changes nothing; there to set a dtype
                    activation = below.activation
                return Output(below.units, activation, below.layer)
            if layer.output.layer in TRAINING_LAYERS and origin.args:
                return self.output_of(origin.args[0])
            return layer.output
        return Output()


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """An argument of a call by position or name."""
    for part in call.keywords:
        if part.arg == name:
            return part.value
    plain = call.args[: position + 1]
    if len(plain) > position and not any(isinstance(part, ast.Starred) for part in plain):
        return call.args[position]
    return None


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """A keyword argument of a call."""
    return next((part.value for part in call.keywords if part.arg == name), None)


def is_constant(node: ast.AST | None, value: object) -> bool:
    """Whether a node is the constant `value` itself."""
    return isinstance(node, ast.Constant) and node.value is value

import time

import numpy as np
import tensorflow as tf

generator = None
num_traces = 0


@tf.function
def draw():
    global generator, num_traces
    num_traces += 1
    if generator is None:
        generator = tf.random.Generator.from_seed(1)
    return generator.normal([])


def on_host(function):
    def wrapper(x):
        return tf.py_function(function, [x], tf.float32)

    return wrapper


@on_host
def slow(x):
    time.sleep(0.01)
    return x


@tf.py_function(Tout=tf.float32)
def rotate(x):
    return x + np.random.uniform(-1, 1)


def pipelines(ds):
    found = []
    for index, name in enumerate(["a", "b"]):
        found.append(ds.map(lambda x: (x, index)).map(lambda x, i: (slow(x), rotate(x))))
    for index in range(2):
        print(index)
    return found


class Net(tf.keras.Model):
    def __init__(self, extractor):
        super().__init__()
        self.extractor = tf.keras.applications.VGG19(include_top=False)
        self.out = tf.keras.layers.Dense(1)

    def call(self, x, train=True):
        features = self.extractor(x)
        styles = [tf.reduce_mean(f) for f in features]
        z = self.out(tf.stack(styles)[None])
        if train:
            return z
        return tf.sigmoid(z)


net = Net(None)


def log_loss(x, y):
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=net(x))


inputs = tf.keras.Input((4,))
x = tf.keras.layers.Dense(10)(inputs)
x = tf.keras.layers.Activation("softmax")(x)
outputs = tf.keras.layers.Activation("linear", dtype="float32")(x)
model = tf.keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy")


class Unroll(tf.keras.layers.Layer):
    def call(self, x, n=None):
        n = tf.constant(2) if n is None else n
        if not tf.is_tensor(n) and n == 1:
            return x
        return x * tf.cast(n, x.dtype)

import time

import tensorflow as tf


def bench(fn, x, n=100):
    fn(x)
    start = time.perf_counter()
    for _ in range(n):
        fn(x)
    return (time.perf_counter() - start) / n


def main():
    x = tf.random.normal([64, 64])
    for name, f in [("matmul", tf.matmul), ("add", tf.add)]:
        print(name, bench(tf.function(lambda a: f(a, a)), x))

import tensorflow as tf

t = tf.linspace(0.0, 1.0, 50)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        inner.watch(t)
        y = tf.sin(t)
    dy = inner.gradient(y, t)
d2y = outer.gradient(dy, t)  # expect: DRS207
print(d2y)

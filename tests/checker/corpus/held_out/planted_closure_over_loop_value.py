import tensorflow as tf

x = tf.ones([4])
scale = 1.0


@tf.function
def scaled():
    return x * scale


for scale in range(1, 5):  # expect: DRS116
    print(scaled())

import tensorflow as tf


@tf.function
def gumbel(logits, temperature):
    return tf.nn.softmax(logits / temperature)


logits = tf.zeros([4, 10])
tau = 1.0
while tau > 0.1:
    gumbel(logits, temperature=tau)  # expect: DRS115
    tau *= 0.99

import deras as tf

activations = {}


def hidden(x, name):
    h = tf.nn.relu(x)
    activations[name] = h  # expect: DRS102
    return h


forward = tf.function(lambda x: hidden(hidden(x, "a"), "b"))

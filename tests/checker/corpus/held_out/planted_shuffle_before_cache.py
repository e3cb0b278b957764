import tensorflow as tf

AUTOTUNE = tf.data.AUTOTUNE


def decode(path, label):
    image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    image = tf.image.resize(image, (224, 224))
    if tf.shape(image)[0] > 224:
        image = tf.image.central_crop(image, 0.9)
    return image / 255.0, label


def augment(image, label):
    image = tf.image.random_flip_left_right(image, seed=3)
    if tf.random.uniform([]) > 0.5:
        image = tf.image.rgb_to_grayscale(image)
        image = tf.tile(image, [1, 1, 3])
    return image, label


def train_set(paths, labels):
    ds = tf.data.Dataset.from_tensor_slices((paths, labels))
    ds = ds.shuffle(len(paths)).map(decode, AUTOTUNE).cache()  # expect: DRS402
    return ds.map(augment, AUTOTUNE).batch(32).prefetch(AUTOTUNE)

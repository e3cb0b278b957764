import numpy as np
import tensorflow as tf


def generate(model, start, length=100, temperature=1.0):
    tokens = list(start)
    for _ in range(length):
        logits = model(np.array([tokens]), training=False)[0, -1]
        probs = np.exp(logits.numpy() / temperature)
        probs /= probs.sum()
        tokens.append(int(np.random.choice(len(probs), p=probs)))
    print("".join(map(chr, tokens)))
    return tokens

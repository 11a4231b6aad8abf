"""The wide part: weights of words and hashed word pairs, as rows of tables that the graph looks up itself.

A head's wide logits are the sum of the rows of all tokens and of all neighbouring token pairs, over the square root of the number
of tokens (special ones counted). Special tokens have no row of their own, but pairs with them mark the start and end of a text. The
weights come from logistic regression and already hold the inverse document frequency.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from routertrain.heads import LEXICAL_HEADS, Head
from routertrain.records import Example
from routertrain.tokens import FIRST_WORD_ID

PAIR_BUCKETS = 32768
PAIR_FACTOR = 7919
INVERSE_REGULARISATION = 10.0
ITERATIONS_MAX = 60
FREQUENT_WORD_WEIGHT = 0.1

Floats = NDArray[np.float32]


def features(tokenizer: Tokenizer, texts: Sequence[str]) -> sparse.csr_matrix:
    """Counts over the square root of each text's number of tokens: first a column per pair bucket, then one per word."""
    columns, values, ends = [], [], [0]
    for encoding in tokenizer.encode_batch(list(texts)):
        ids = np.array(encoding.ids)
        pairs = (ids[:-1] * PAIR_FACTOR + ids[1:]) % PAIR_BUCKETS
        found = np.concatenate([ids[ids >= FIRST_WORD_ID] + PAIR_BUCKETS, pairs])
        columns.append(found)
        values.append(np.full(len(found), 1 / np.sqrt(len(ids)), dtype=np.float32))
        ends.append(ends[-1] + len(found))
    columns_total = PAIR_BUCKETS + tokenizer.get_vocab_size()
    arrays = (np.concatenate(values), np.concatenate(columns), np.array(ends))
    return sparse.csr_matrix(arrays, shape=(len(texts), columns_total), dtype=np.float32)


def fit(tokenizer: Tokenizer, rows: Sequence[Example]) -> dict[str, tuple[Floats, Floats]]:
    """Per topical head the weights [pair buckets and words, classes] and the bias [classes]."""
    return {item.name: _fit_head(tokenizer, item, [row for row in rows if item.name in row.labels]) for item in LEXICAL_HEADS}


def _fit_head(tokenizer: Tokenizer, item: Head, rows: Sequence[Example]) -> tuple[Floats, Floats]:
    """A soft label counts as one row per class with that class's share as weight."""
    counts = features(tokenizer, [row.text for row in rows])
    inverse = _inverse_frequency(counts)
    shares = np.array([row.labels[item.name] for row in rows])
    at, classes = np.nonzero(shares)
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=ITERATIONS_MAX)
    model.fit(counts[at].multiply(inverse).tocsr(), classes, sample_weight=shares[at, classes])
    weights, bias = model.coef_, model.intercept_
    if len(item.labels) == 2:
        weights, bias = np.concatenate([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])
    return (weights * inverse).T.astype(np.float32), bias.astype(np.float32)


def _inverse_frequency(counts: sparse.csr_matrix) -> Floats:
    documents = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.maximum(np.log((1 + documents) / (1 + frequency)), FREQUENT_WORD_WEIGHT).astype(np.float32)


def table(weights: dict[str, tuple[Floats, Floats]], shares: dict[str, float]) -> Floats:
    """All heads' weights side by side, each times its share in the final logits."""
    return np.concatenate([weights[item.name][0] * shares[item.name] for item in LEXICAL_HEADS], axis=1)

package routercluster.policy.vectors

/** Why a call of a [VectorStore] failed. Texts are safe to show to an operator: no text, vector, body or field value is in them. */
sealed class VectorFailure(message: String, cause: Throwable? = null) : Exception(message, cause) {
    /** The caller asked for what it cannot have. Nothing was changed. */
    class Refused(val refusal: Refusal, message: String) : VectorFailure(message)

    /** The store is at its bound on bytes, [VectorLimits.storeBytesMax]. Nothing was put. */
    class Full(message: String) : VectorFailure(message)

    /** More work waits than the store takes. Nothing was changed. */
    class Overloaded(message: String) : VectorFailure(message)

    /** The answer did not come in time; a change may have happened nevertheless, and may be tried again. */
    class TimedOut(message: String, cause: Throwable? = null) : VectorFailure(message, cause)

    /** The store cannot be reached or is broken; a change may have happened nevertheless, and may be tried again. */
    class Unavailable(message: String, cause: Throwable? = null) : VectorFailure(message, cause)

    /** What is kept cannot be read: damaged, or of a format that this release does not know. */
    class Unreadable(message: String, cause: Throwable? = null) : VectorFailure(message, cause)

    /** The store was closed, or the collection dropped. */
    class Closed(message: String) : VectorFailure(message)
}

/** What was wrong with a call. */
enum class Refusal {
    NAME,
    DIMENSION,
    VECTOR,
    FIELD,
    FIELDS_TOO_LARGE,
    TEXT_TOO_LONG,
    BODY_TOO_LARGE,
    BATCH_TOO_LARGE,
    FILTER,
    PARTITIONS,
    RESULTS,
    CURSOR,
    COLLECTION_DIFFERS,
    TOO_MANY_COLLECTIONS,
}

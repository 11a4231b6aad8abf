package routercluster.policy.decisions

import routercluster.policy.signals.Reading

/**
 * What is known of one request so far: for each signal of a recipe, by index, its reading, or null where it was not read.
 * Immutable.
 */
class Evidence internal constructor(private val readings: Array<Reading?>) {
    constructor(readings: List<Reading?>) : this(readings.toTypedArray())

    val size: Int get() = readings.size

    operator fun get(signal: Int): Reading? = readings[signal]

    /** This evidence and one [reading] more, which replaces an older one of the same signal. */
    fun with(signal: Int, reading: Reading): Evidence = Evidence(readings.copyOf().also { it[signal] = reading })

    companion object {
        /** Nothing read yet of [signalCount] signals. */
        fun none(signalCount: Int): Evidence = Evidence(arrayOfNulls(signalCount))
    }
}

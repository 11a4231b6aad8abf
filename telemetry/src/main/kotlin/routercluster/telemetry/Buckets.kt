package routercluster.telemetry

import java.time.Duration

/**
 * Bucket bounds of the histograms. Those of `gen_ai` meters are the ones that the OpenTelemetry GenAI conventions advise.
 */
internal object Buckets {
    /** 10 ms, doubled up to 81.92 s. */
    val operation: Array<Duration> = Array(14) { Duration.ofMillis(10L shl it) }

    val firstToken: Array<Duration> =
        millis(1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000)

    val perToken: Array<Duration> = millis(10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 2_500)

    /** Powers of four from 1 to 67,108,864 tokens. */
    val tokens: DoubleArray = DoubleArray(14) { (1L shl 2 * it).toDouble() }

    /** 1 µs to 2 s: what choosing a model may take, encoders included. */
    val decide: Array<Duration> =
        longArrayOf(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000, 500_000, 2_000_000)
            .map { Duration.ofNanos(it * 1_000) }
            .toTypedArray()

    /** What waiting for an encoder may take. */
    val encode: Array<Duration> = millis(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)

    /** A minute to a month. */
    val age: Array<Duration> =
        listOf(1L, 10, 60, 360, 1_440, 10_080, 43_200).map { Duration.ofMinutes(it) }.toTypedArray()

    /** Passages that share a pass of an encoder. */
    val batch: DoubleArray = doubleArrayOf(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)

    private fun millis(vararg bounds: Long): Array<Duration> = bounds.map { Duration.ofMillis(it) }.toTypedArray()
}

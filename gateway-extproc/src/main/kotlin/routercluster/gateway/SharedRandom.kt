package routercluster.gateway

import java.util.concurrent.ThreadLocalRandom
import kotlin.random.Random

/** Unpredictable enough for balancing and ids, and never contended: each thread draws from its own generator. */
internal object SharedRandom : Random() {
    override fun nextBits(bitCount: Int): Int = if (bitCount ==
        0
    ) {
        0
    } else {
        ThreadLocalRandom.current().nextInt() ushr (Int.SIZE_BITS - bitCount)
    }
}

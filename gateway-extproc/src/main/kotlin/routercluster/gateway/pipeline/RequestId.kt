package routercluster.gateway.pipeline

import com.linecorp.armeria.common.RequestHeaders
import kotlin.random.Random

/** The id a request is known by: the client's `x-request-id` where it is well-formed, else a new one of 128 random bits. */
fun requestId(headers: RequestHeaders, random: Random): String {
    val given = headers.get("x-request-id")
    return if (given != null && given.length in 1..REQUEST_ID_LENGTH_MAX && given.all(::isIdCharacter)) given else newRequestId(random)
}

private fun newRequestId(random: Random): String {
    val id = StringBuilder(32)
    repeat(2) {
        val bits = random.nextLong()
        for (shift in 60 downTo 0 step 4) id.append(HEX[((bits ushr shift) and 0xf).toInt()])
    }
    return id.toString()
}

private fun isIdCharacter(c: Char): Boolean = c in 'a'..'z' || c in 'A'..'Z' || c in '0'..'9' || c in "-_.:/"

private const val HEX = "0123456789abcdef"
private const val REQUEST_ID_LENGTH_MAX = 128

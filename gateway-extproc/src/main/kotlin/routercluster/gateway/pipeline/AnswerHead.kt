package routercluster.gateway.pipeline

import routercluster.policy.answer.UsageScanner

/** What the head of an upstream's answer says of its body; [contentType] and [contentEncoding] as on the wire, null where absent. */
class AnswerHead(val status: Int, contentType: String?, contentEncoding: String?) {
    val isGood: Boolean = status in 200..299

    val format: UsageScanner.Format = UsageScanner.Format.of(contentType)

    /** Whether the body can be read: nobody asked for a compressed one, but an upstream may send it. */
    val isPlain: Boolean = contentEncoding == null || contentEncoding.equals("identity", ignoreCase = true)
}

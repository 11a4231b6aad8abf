package routercluster.gateway.upstream

import com.linecorp.armeria.client.RequestOptions
import com.linecorp.armeria.common.HttpMethod
import com.linecorp.armeria.common.HttpRequest
import com.linecorp.armeria.common.RequestHeaders
import com.linecorp.armeria.common.TimeoutException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.future.await
import kotlinx.coroutines.isActive
import org.slf4j.LoggerFactory
import routercluster.policy.models.Reliability
import routercluster.policy.models.Upstream
import java.util.concurrent.CompletionException

private val logger = LoggerFactory.getLogger("routercluster.gateway.upstream.HealthCheck")
private const val FAILED_CHECKS_MAX = 2
private const val ANSWER_BYTES_MAX = 64L * 1024

/**
 * Asks [member] for [path] until cancelled. An upstream is fit until two checks in a row have failed, and again after one
 * that passed. Checks are spread by up to a tenth of their interval, lest all upstreams be asked at once.
 */
internal suspend fun watch(member: Member, rules: Reliability, path: String, means: Means) {
    val options =
        RequestOptions
            .builder()
            .responseTimeout(rules.healthTimeout)
            .maxResponseLength(ANSWER_BYTES_MAX)
            .build()
    val headers = member.upstream.healthHeaders(path)
    val intervalNanos = rules.healthInterval.toNanos()
    var failed = 0
    while (currentCoroutineContext().isActive) {
        val complaint = check(member, headers, options)
        failed = if (complaint == null) 0 else failed + 1
        if (complaint == null || failed >= FAILED_CHECKS_MAX) member.report(complaint)
        means.pause(intervalNanos + means.random.nextLong(intervalNanos / 10 + 1))
    }
}

private fun Member.report(complaint: String?) {
    val before = condition.complaint
    condition.complaint = complaint
    if (complaint != null && before == null) logger.warn("upstream {} is unfit: {}", upstream.id, complaint)
    if (complaint == null && before != null) logger.info("upstream {} is fit again", upstream.id)
}

private fun Upstream.healthHeaders(path: String): RequestHeaders {
    val builder = RequestHeaders.builder(HttpMethod.GET, path)
    headers.forEach { (name, value) -> builder.set(name, value) }
    credential?.let { builder.set(it.header, it.prefix + it.secret.reveal()) }
    return builder.build()
}

/** @return null where all is well, else a complaint without anything the upstream said */
private suspend fun check(member: Member, headers: RequestHeaders, options: RequestOptions): String? =
    try {
        val answer = member.client
            .execute(HttpRequest.of(headers), options)
            .aggregate()
            .await()
        if (answer.status().isSuccess) null else "health check answered ${answer.status().code()}"
    } catch (cause: Exception) {
        currentCoroutineContext().ensureActive()
        val root = if (cause is CompletionException) cause.cause else cause
        if (root is TimeoutException) "health check timed out" else "health check could not connect"
    }

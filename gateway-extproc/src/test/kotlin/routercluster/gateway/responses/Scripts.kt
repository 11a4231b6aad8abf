package routercluster.gateway.responses

import routercluster.gateway.upstream.Answer
import routercluster.gateway.upstream.status

/** A whole chat completion that says [text], with 3 tokens of prompt and 2 of answer. */
internal fun said(text: String): Answer =
    status(
        200,
        mapOf("content-type" to "application/json"),
        """{"choices":[{"index":0,"message":{"role":"assistant","content":"$text"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}""",
    )

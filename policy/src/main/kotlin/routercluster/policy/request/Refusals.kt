package routercluster.policy.request

private const val BAD_REQUEST = 400
private const val PAYLOAD_TOO_LARGE = 413

// Every text a client may see about its body. None of them quotes the body; places are byte offsets from 0.

internal fun bodyTooLarge(bytesMax: Long) =
    BadRequest(PAYLOAD_TOO_LARGE, "body_too_large", "The body has more than $bytesMax bytes.")

internal fun invalidJson(problem: String, at: Int? = null) =
    BadRequest(BAD_REQUEST, "invalid_json", "The body is not valid JSON: $problem${at?.let { " at byte $it" }.orEmpty()}.")

internal fun invalidUtf8(at: Int) = BadRequest(BAD_REQUEST, "invalid_utf8", "The body is not valid UTF-8 at byte $at.")

internal fun duplicateKey(at: Int) =
    BadRequest(BAD_REQUEST, "duplicate_key", "An object in the body has the same key twice, the second time just before byte $at.")

internal fun duplicatePart(name: String) = BadRequest(BAD_REQUEST, "duplicate_key", "The form has more than one `$name`.", name)

internal fun tooDeep(depthMax: Int) =
    BadRequest(BAD_REQUEST, "json_too_deep", "The body nests objects and arrays more than $depthMax levels deep.")

internal fun tooManyKeys(keysMax: Int) = BadRequest(BAD_REQUEST, "too_many_keys", "The body has more than $keysMax keys.")

internal fun tooManyMessages(messagesMax: Int) =
    BadRequest(BAD_REQUEST, "too_many_messages", "`messages` has more than $messagesMax entries.", "messages")

internal fun missingField(param: String) = BadRequest(BAD_REQUEST, "missing_field", "`$param` is required.", param)

internal fun invalidType(param: String?, expected: String) =
    BadRequest(BAD_REQUEST, "invalid_type", "${param?.let { "`$it`" } ?: "The body"} must be $expected.", param)

internal fun invalidValue(param: String, expected: String) = BadRequest(BAD_REQUEST, "invalid_value", "`$param` must $expected.", param)

internal fun invalidMultipart(problem: String) =
    BadRequest(BAD_REQUEST, "invalid_multipart", "The body is not valid multipart/form-data: $problem.")

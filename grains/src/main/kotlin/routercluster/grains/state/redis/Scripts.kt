package routercluster.grains.state.redis

import java.security.MessageDigest
import java.util.HexFormat

/**
 * A script that Redis runs as one step, so that nothing comes between the comparison of the revision and the change.
 * A value is its revision in 20 digits, then the bytes. The first revision is the server's time in microseconds: one that was
 * deleted or has expired does not come again.
 */
internal class Script(text: String) {
    val text: String = text.trimIndent()
    val digest: String = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(this.text.toByteArray()))
}

/** KEYS: the key. ARGV: expected revision, bytes, milliseconds until it expires or 0. Tells the new revision, or 0 for a stale one. */
internal val saveScript = Script(
    """
    local kept = redis.call('GETRANGE', KEYS[1], 0, 19)
    local revision
    if kept == '' then
      if tonumber(ARGV[1]) ~= 0 then return 0 end
      local time = redis.call('TIME')
      revision = tonumber(time[1]) * 1000000 + tonumber(time[2])
    else
      if tonumber(kept) ~= tonumber(ARGV[1]) then return 0 end
      revision = tonumber(kept) + 1
    end
    local value = string.format('%020.0f', revision) .. ARGV[2]
    if ARGV[3] == '0' then
      redis.call('SET', KEYS[1], value)
    else
      redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
    end
    return revision
    """,
)

/** KEYS: the key. ARGV: expected revision. Tells 1 where it is gone, 0 for a stale one. */
internal val deleteScript = Script(
    """
    local kept = redis.call('GETRANGE', KEYS[1], 0, 19)
    if kept == '' then return 1 end
    if tonumber(kept) ~= tonumber(ARGV[1]) then return 0 end
    redis.call('DEL', KEYS[1])
    return 1
    """,
)

internal const val REVISION_DIGITS = 20

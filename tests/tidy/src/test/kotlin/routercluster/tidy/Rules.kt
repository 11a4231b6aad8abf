package routercluster.tidy

/** Longest Kotlin file; detekt counts the lines of functions. */
const val FILE_LINES_MAX = 400

/** Code that main sources do without. [instead] is what to write. */
class Ban(val pattern: Regex, val instead: String, val allowed: (path: String) -> Boolean = { false })

val bans: List<Ban> =
    listOf(
        Ban(Regex("""\brunBlocking\b"""), "a suspending function; only cli's Main.kt may block") {
            it ==
                "cli/src/main/kotlin/routercluster/cli/Main.kt"
        },
        Ban(Regex("""\bGlobalScope\b"""), "a scope that its owner closes"),
        Ban(Regex("""\bThread\.sleep\b"""), "delay, or a latch that is waited for"),
        Ban(Regex("""!!"""), "a type that cannot be null, ?: or requireNotNull with a message"),
        Ban(Regex("""\blateinit\b"""), "a constructor parameter"),
        Ban(Regex("""\bcurrentTimeMillis\b"""), "System.nanoTime for spans, a Clock handed in for dates"),
        Ban(Regex("""\bprintln?\("""), "Clikt's echo, or a logger"),
        Ban(Regex("""(?m)^import .*\.\*$"""), "one import per name"),
        Ban(
            Regex("""\bRandom\(\)|\bRandom\.(Default|next)|\bMath\.random\b|\bThreadLocalRandom\b"""),
            "a Random handed in, so that a seed repeats a run",
        ) { it.endsWith("/gateway/SharedRandom.kt") },
    )

private val leftovers = Regex("""\b(TO""" + """DO|FIX""" + """ME|XXX)\b""")

/** The policy core decides from values alone, so that a decision can be replayed from a file. [java.net.InetAddress] reads address literals there. */
private val impure =
    Regex(
        """\bjava\.net\.(?!URI\b|URLEncoder\b|URLDecoder\b|InetAddress\b|UnknownHostException\b)\w+|\bjava\.nio\.file\b|\bjava\.io\.File\w*|\bInstant\.now\b|\bClock\.system\w*|\bnanoTime\b|\bSystem\.getenv\b""",
    )

/** Calls and leftovers that a main source may not hold, each as `path:line: what; use …`. */
fun forbiddenIn(source: Source): List<String> {
    val code = codeOnly(source.text)
    val banned =
        bans.filterNot { it.allowed(source.path) }.flatMap { ban -> found(source, code, ban.pattern).map { "$it; use ${ban.instead}" } }
    val left = found(source, withoutStrings(source.text), leftovers).map { "$it; finish it or leave it out" }
    val unclean =
        if (source.path.startsWith("policy/src/main/")) {
            found(source, code, impure).map {
                "$it; the policy core has no file, network or clock: hand the value in"
            }
        } else {
            emptyList()
        }
    return banned + left + unclean
}

/** Files that are too long. */
fun tooLong(source: Source): List<String> {
    val count = source.lines.size
    return if (count >
        FILE_LINES_MAX
    ) {
        listOf("${source.path}: $count lines, at most $FILE_LINES_MAX; it probably holds two ideas")
    } else {
        emptyList()
    }
}

/** The project builds from whatever registry a machine is set up with, so none is named. Written apart, since this file is looked at too. */
private val registries =
    listOf(
        "repo1.maven" + ".org",
        "repo.maven.apache" + ".org",
        "oss.sonatype" + ".org",
        "central.sonatype" + ".com",
        "plugins.gradle" + ".org",
        "jitpack" + ".io",
    ) +
        listOf(
            "pypi" + ".org",
            "pythonhosted" + ".org",
            "registry.npmjs" + ".org",
            "npmjs" + ".com",
            "registry.yarnpkg" + ".com",
            "static.crates" + ".io",
            "index.crates" + ".io",
            "proxy.golang" + ".org",
        )

fun registryHosts(source: Source): List<String> =
    source.lines.flatMapIndexed {
        index,
        line,
        ->
        registries.filter { it in line }.map { "${source.path}:${index + 1}: names the registry $it; leave the choice to the machine" }
    }

private fun found(source: Source, text: String, pattern: Regex): List<String> =
    pattern
        .findAll(text)
        .map { hit ->
            "${source.path}:${text.substring(0, hit.range.first).count { it == '\n' } + 1}: ${hit.value.trim()}"
        }.toList()

package routercluster.cli.versions

import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import routercluster.cli.Explained
import routercluster.cli.LoadPolicy
import routercluster.cli.Recorded
import routercluster.cli.Replay
import routercluster.cli.parseJson
import routercluster.cli.record
import routercluster.cli.withServer
import routercluster.gateway.versions.PolicyHistory
import routercluster.policy.config.loadPolicy
import routercluster.policy.versions.PolicyVersion
import routercluster.policy.versions.VersionSource
import routercluster.policy.versions.sha256
import java.nio.file.Files
import java.nio.file.Path
import java.time.Clock
import java.time.Instant
import java.time.ZoneOffset

class PolicyCommandTest {
    @TempDir
    lateinit var folder: Path

    private val clock = Clock.fixed(Instant.parse("2026-01-02T03:04:05.678Z"), ZoneOffset.UTC)
    private val load: LoadPolicy = { text, file, _ -> loadPolicy(text, file, { null }) }
    private val open: OpenHistory = { file, data -> PolicyHistory.of(file, data, clock) }
    private val file: Path by lazy { folder.resolve("p.yaml") }

    private val one =
        """
        version: v0.3
        providers:
          models:
            - {name: small, backend_refs: [{endpoint: "one:80"}]}
        routing:
          signals: {keywords: [{name: code, operator: OR, keywords: [sql]}]}
          decisions:
            - {name: hard, priority: 10, rules: {type: keyword, name: code}}
        """.trimIndent() + "\n"
    private val two = one.replace("priority: 10", "priority: 20").replace("one:80", "two:80")
    private val three = two + "gateway: {decisions_kept: 50}\n"

    private fun revision(text: String) = load(text, "p.yaml") { null }.revision

    private fun short(text: String) = revision(text).take(12)

    /** Takes [texts] into service one after the other; the last stays in the file. */
    private fun served(vararg texts: String) =
        texts.forEachIndexed { index, text ->
            Files.writeString(file, text)
            open(file, null).taken(load(text, "p.yaml") { null }, if (index == 0) VersionSource.START else VersionSource.RELOAD)
        }

    private fun policy(vararg args: String, environment: Map<String, String> = emptyMap()): Recorded =
        record(policyVersions(load, open), "policy", *args, environment = environment)

    private fun sources() = open(file, null).versions().versions.map { it.source.name.lowercase() to it.revision.take(12) }

    @Test
    fun `history lists the versions, the newest first, and marks what the file holds`() {
        policy("history", "$file").out shouldBe
            "$file: no versions in ${folder.resolve("data/policies/p.yaml")}; `router serve --config $file` keeps what it serves"
        served(one, two)
        Files.writeString(file, one)
        policy("history", "$file").out.lines() shouldBe
            listOf(
                "   REVISION      TIME                  SOURCE  BYTES",
                "   ${short(two)}  2026-01-02T03:04:05Z  reload  ${two.length}",
                "*  ${short(one)}  2026-01-02T03:04:05Z  start   ${one.length}",
            )
        val json = parseJson(policy("history", "$file", "--json").out)
        json?.map { it["revision"].textValue() to it["in_file"].booleanValue() } shouldBe
            listOf(revision(two) to false, revision(one) to true)
    }

    @Test
    fun `history says which texts are not kept, and why`() {
        served(one.replace("""endpoint: "one:80"""", """endpoint: "one:80", api_key: hush"""))
        policy("history", "$file").out shouldContain
            "not kept: holds a secret in clear text (api_key, line 4); name an environment variable"
    }

    @Test
    fun `diff tells by meaning what differs, then by text`() {
        served(one, two, three)
        policy("diff", "$file", short(one), short(three)).out shouldBe
            """
            decisions
              ~ hard
                  priority: 10 -> 20
            models
              ~ small
                  backend_refs[0].endpoint: one:80 -> two:80
            settings
              ~ gateway.decisions_kept: (none) -> 50

            --- ${short(one)}
            +++ ${short(three)}
            @@ -1,8 +1,9 @@
             version: v0.3
             providers:
               models:
            -    - {name: small, backend_refs: [{endpoint: "one:80"}]}
            +    - {name: small, backend_refs: [{endpoint: "two:80"}]}
             routing:
               signals: {keywords: [{name: code, operator: OR, keywords: [sql]}]}
               decisions:
            -    - {name: hard, priority: 10, rules: {type: keyword, name: code}}
            +    - {name: hard, priority: 20, rules: {type: keyword, name: code}}
            +gateway: {decisions_kept: 50}
            """.trimIndent()
        policy("diff", "$file", short(two), short(two)).out shouldBe "${short(two)} and ${short(two)} hold the same text"
        Files.writeString(file, "# head\n$two")
        policy("diff", "$file", short(two)).out shouldContain
            "Only layout, comments or the order of named parts differ.\n\n--- ${short(two)}\n+++ $file"
        val change = parseJson(policy("diff", "$file", short(one), "--json").out)?.path("changes")?.first()
        change?.toString() shouldBe
            """{"part":"decision","name":"hard","kind":"changed","fields":[{"path":"priority","before":"10","after":"20"}]}"""
    }

    @Test
    fun `diff refuses unknown versions and shows no secret`() {
        served(one)
        policy("diff", "$file", "0000").err shouldBe
            "no version 0000 here; the newest 200 are kept; see `router policy history $file`"
        policy("diff", "$file", "newest").err shouldContain "accepted: 4 to 64 hexadecimal digits"
        Files.writeString(file, one + "# api_key: hush\n")
        val refused = policy("diff", "$file", short(one))
        refused.status shouldBe 1
        refused.err shouldBe "$file:9: holds a secret in clear text (api_key), which a comparison could show"
    }

    @Test
    fun `rollback writes a version back and keeps what the file held`() {
        served(one, two)
        Files.writeString(file, three)
        policy("rollback", "$file", revision(one).take(6)) shouldBe
            Recorded(
                0,
                "$file: holds version ${short(
                    one,
                )} of 2026-01-02T03:04:05.678Z again. A running router takes it at once.\nBefore: ${short(three)}",
                "",
            )
        Files.readString(file) shouldBe one
        sources() shouldBe
            listOf("start" to short(one), "reload" to short(two), "replaced" to short(three), "rollback" to short(one))
        policy("rollback", "$file", short(one)).out shouldBe "$file: holds version ${short(one)} already"
        policy("rollback", "$file", short(three)).status shouldBe 0
        Files.readString(file) shouldBe three
    }

    @Test
    fun `rollback is there for a file that is broken or gone`() {
        served(one)
        Files.writeString(file, "version: [")
        policy("rollback", "$file", short(one)).status shouldBe 0
        Files.readString(file) shouldBe one
        sources().map { it.first } shouldBe listOf("start", "replaced", "rollback")
        Files.delete(file)
        policy("rollback", "$file", short(one)).out shouldNotContain "Before"
        Files.readString(file) shouldBe one
    }

    @Test
    fun `rollback changes nothing where the version is not valid any more`() {
        served(one)
        val broken = one.replace("priority: 10", "priority: ten")
        open(file, null).add(
            PolicyVersion.of(broken, VersionSource.REPLACED, "p.yaml", clock.instant()),
            broken,
        )
        val refused = policy("rollback", "$file", sha256(broken).take(12))
        refused.err shouldContain "routing.decisions[0].priority: wrong value (found ten)"
        Files.readString(file) shouldBe one
    }

    @Test
    fun `rollback writes over what cannot be kept only when told to`() {
        served(one)
        val secret = one + "# password: hush\n"
        Files.writeString(file, secret)
        policy("rollback", "$file", short(one)).err shouldContain "it would be lost, as no history keeps it. --discard writes over it"
        Files.readString(file) shouldBe secret
        policy("rollback", "$file", short(one), "--discard").status shouldBe 0
        Files.readString(file) shouldBe one
    }

    @Test
    fun `rollback tells where it could not be noted, and has written the file`() {
        served(one, two)
        val lock = folder.resolve("data/policies/p.yaml/lock")
        Files.delete(lock)
        Files.createDirectory(lock)
        val done = policy("rollback", "$file", short(one))
        done.status shouldBe 0
        done.err shouldContain "note: not in the history as a rollback: "
        Files.readString(file) shouldBe one
    }

    @Test
    fun `the data folder may be elsewhere`() {
        val data = folder.resolve("elsewhere")
        Files.writeString(file, one)
        open(file, data).taken(load(one, "p.yaml") { null }, VersionSource.START)
        policy("history", "$file", "--data-dir", "$data").out shouldContain short(one)
        policy("history", "$file", environment = mapOf("ROUTER_DATA_DIR" to "$data")).out shouldContain short(one)
        policy("history", "$file").out shouldContain "no versions in"
    }

    @Test
    fun `replay decides by a version of the file`() {
        served(one, two)
        val kept = Files.writeString(folder.resolve("r.json"), "{}")
        val replay = Replay(load, open) { _, policy -> Explained(policy.revision, "{}") }
        record(replay, "replay", "$kept", "--policy", short(one), "--config", "$file").out shouldBe revision(one)
        record(replay, "replay", "$kept", "--config", "$file").out shouldBe revision(two)
        record(replay, "replay", "$kept", "--policy", short(one)).err shouldContain "name the file that it is one of, with --config FILE"
    }

    @Test
    fun `apply gives a proven file to a running cluster`() {
        served(one)
        val answers = mapOf("/policy" to """{"version":7,"revision":"${revision(one)}"}""")
        withServer(answers) { admin ->
            policy("apply", "$file", "--admin", admin).out shouldBe "$file: is version 7 of the cluster's policy, revision ${short(one)}"
            Files.writeString(file, one.replace("type: keyword", "type: keywort"))
            policy("apply", "$file", "--admin", admin).err shouldContain "keywort"
        }
        withServer(emptyMap()) { admin ->
            Files.writeString(file, one)
            policy("apply", "$file", "--admin", admin).status shouldBe 1
        }
    }
}

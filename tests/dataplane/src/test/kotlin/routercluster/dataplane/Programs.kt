package routercluster.dataplane

import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Assumptions.assumeTrue
import routercluster.cli.loadWithFiles
import routercluster.cli.localEncoders
import routercluster.gateway.GatewayConfig
import routercluster.gateway.encode.EncoderOpener
import routercluster.kit.run
import routercluster.kit.venvProgram
import routercluster.policy.Policy
import java.nio.file.Files
import java.nio.file.Path

private const val SECONDS_MAX = 300L

/** Skips the calling test, visibly, where the Python module [name] is not installed. */
internal fun requireModule(name: String, folder: Path) {
    val python = venvProgram("python")
    val found = python != null && run(listOf("$python", "-c", "import $name"), folder, SECONDS_MAX).status == 0
    assumeTrue(found, "The Python module $name is not installed: run ./router test")
}

/** Runs the Python script that is called [name] among the resources; it must end well. */
internal fun runPython(name: String, folder: Path, vararg arguments: String) =
    runWell(listOf("${venvProgram("python")}", "${resource(name)}") + arguments, folder)

/** Runs [command], which must end well. */
internal fun runWell(command: List<String>, folder: Path) {
    val ended = run(command, folder, SECONDS_MAX)
    withClue(ended.output.takeLast(SHOWN_CHARS)) { ended.status shouldBe 0 }
}

internal fun resource(name: String): Path = Path.of(
    checkNotNull(OpenAiClientTest::class.java.getResource("/$name")) {
        "$name is missing"
    }.toURI(),
)

private const val SHOWN_CHARS = 20_000

/** A gateway with [policy] on free ports. */
internal fun onFreePorts(policy: Policy, encoders: Boolean = false) =
    GatewayConfig(
        policy,
        port = 0,
        extProcPort = 0,
        adminPort = 0,
        version = "test",
        encoders = if (encoders) localEncoders else EncoderOpener.NONE,
    )

/** A policy without learned signals whose encoder is the bundle of this tree. */
internal fun bundledPolicy(): Policy {
    val home = generateSequence(Path.of("").toAbsolutePath(), Path::getParent).first { Files.isDirectory(it.resolve("models/default")) }
    val text =
        """
        version: v0.3
        providers: {models: [{name: m, backend_refs: [{endpoint: "127.0.0.1:1", protocol: http}]}]}
        routing: {decisions: []}
        gateway: {encoders: [{name: default, folder: models/default}]}
        """
    return loadWithFiles(text.trimIndent(), "${home.resolve("policy.yaml")}") { null }
}

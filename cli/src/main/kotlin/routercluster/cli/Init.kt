package routercluster.cli

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.arguments.default
import com.github.ajalt.clikt.parameters.arguments.help
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.discovery.Discover
import routercluster.cli.discovery.SIMULATED_PORT
import routercluster.cli.discovery.discoverProviders
import routercluster.cli.discovery.starterPolicy
import java.io.IOException
import java.nio.file.FileAlreadyExistsException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption.CREATE
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.TRUNCATE_EXISTING
import java.nio.file.StandardOpenOption.WRITE

/** `router init`: writes the policy that `router serve` would start with here. */
class Init(private val discover: Discover = ::discoverProviders) :
    Command(
        "init",
        "Write a commented policy file for the models in reach.",
        listOf("router init", "router init policies/team.yaml --force"),
    ) {
    private val file by argument("FILE").path().help("default router.yaml").default(Path.of("router.yaml"))
    private val force by option("--force").flag().help("overwrite FILE")

    override fun run() {
        val found = discover(::environment)
        val mode = if (force) arrayOf(WRITE, CREATE, TRUNCATE_EXISTING) else arrayOf(WRITE, CREATE_NEW)
        try {
            file.toAbsolutePath().parent?.let(Files::createDirectories)
            Files.writeString(file, starterPolicy(found, SIMULATED_PORT), *mode)
        } catch (_: FileAlreadyExistsException) {
            throw Failure("$file: exists already; --force overwrites it")
        } catch (e: IOException) {
            throw Failure("$file: cannot be written: ${e.message}")
        }
        echo("Wrote $file for ${found.joinToString { it.title }.ifEmpty { "simulated models, since no others were found" }}.")
        if (found.isEmpty()) echo("First, in another terminal: router mock-llm")
        echo("Next: router serve --config $file")
    }
}

package routercluster.cli

import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option

/** From the jar's manifest; `dev` where classes are not run from a jar. */
val version: String = Failure::class.java.`package`?.implementationVersion ?: "dev"

/** `router version`. */
class Version : Command("version", "Print the versions of RouterCluster and of what runs it.") {
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        val java = System.getProperty("java.version").orEmpty()
        val os = "${System.getProperty("os.name")} ${System.getProperty("os.arch")}"
        if (json) {
            echo(
                pretty(
                    newObject()
                        .put("version", version)
                        .put("java", java)
                        .put("kotlin", KotlinVersion.CURRENT.toString())
                        .put("os", os),
                ),
            )
        } else {
            echo("RouterCluster $version (Java $java, Kotlin ${KotlinVersion.CURRENT}, $os)")
        }
    }
}

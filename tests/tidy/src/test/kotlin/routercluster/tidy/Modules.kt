package routercluster.tidy

import org.w3c.dom.Element
import javax.xml.parsers.DocumentBuilderFactory

/** The modules that each module may use, and no others. Modules to come are listed already. */
val allowedEdges: Map<String, Set<String>> =
    buildMap {
        val capabilities = setOf("inference-workers", "vector-store", "grains", "telemetry")
        put("policy", emptySet())
        put("mock-llm", emptySet())
        put("tests-contracts", setOf("policy"))
        put("mock-encoder", setOf("policy"))
        put("outcome-stream", setOf("policy"))
        capabilities.forEach { put(it, setOf("policy")) }
        put("gateway-extproc", setOf("policy", "telemetry", "grains"))
        put("language-server", setOf("policy"))
        put("silo", capabilities + "policy")
        put("cli", capabilities + setOf("policy", "outcome-stream", "silo", "gateway-extproc", "language-server", "mock-llm"))
        val product = keys.toSet()
        put("tests-kit", product)
        put("tests-dataplane", product + "tests-kit")
        put("tests-cluster", product + "tests-kit")
        put("tests-tidy", product + "tests-kit")
        put("bench", product + "tests-kit")
    }

/** What any module's own tests may use besides. */
val testAids: Set<String> = setOf("mock-llm", "mock-encoder", "tests-contracts")

/** A module's pom: its name and the project's own modules it depends on. */
data class Module(val name: String, val uses: Set<String>)

/** @param pom its XML text */
fun module(pom: String): Module {
    val project = DocumentBuilderFactory
        .newInstance()
        .newDocumentBuilder()
        .parse(pom.byteInputStream())
        .documentElement
    val dependencies = project.child("dependencies")?.children("dependency").orEmpty()
    val own = dependencies.filter { it.child("groupId")?.textContent == "io.routercluster" }
    val shipped = own.filterNot { it.child("scope")?.textContent == "test" && it.child("artifactId")?.textContent in testAids }
    return Module(project.child("artifactId")?.textContent.orEmpty(), shipped.mapNotNull { it.child("artifactId")?.textContent }.toSet())
}

fun wrongEdges(module: Module): List<String> {
    val allowed =
        allowedEdges[module.name] ?: return listOf("module ${module.name} has no place in the module order; give it one in allowedEdges")
    return (module.uses - allowed).map {
        "module ${module.name} may not use $it; it may use ${allowed.joinToString().ifEmpty { "no other module" }}"
    }
}

private fun Element.children(name: String): List<Element> =
    (0 until childNodes.length).map { childNodes.item(it) }.filterIsInstance<Element>().filter { it.tagName == name }

private fun Element.child(name: String): Element? = children(name).firstOrNull()

package routercluster.cli

import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.option

/** `router status`: what the running router says of itself. */
class Status : Command("status", "Show how the running router is: policy, upstreams, requests.", listOf("router status --json")) {
    private val running by RunningRouter()
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        val body = running.get("/status").body
        val status = parseJson(body) ?: throw Failure("the running router's status is not JSON")
        echo(if (json) pretty(status) else plainText(status))
    }
}

package routercluster.cli.versions

import com.github.ajalt.clikt.parameters.arguments.argument
import com.github.ajalt.clikt.parameters.groups.provideDelegate
import com.github.ajalt.clikt.parameters.types.path
import routercluster.cli.Command
import routercluster.cli.LoadPolicy
import routercluster.cli.RunningRouter
import routercluster.cli.newObject
import routercluster.cli.parseJson
import routercluster.cli.readText
import routercluster.policy.Policy
import java.time.Duration

/** `router policy apply`: a file as the policy of a whole cluster. */
class Apply(private val load: LoadPolicy) :
    Command(
        "apply",
        "Make a policy file what all nodes of a running cluster run, through any of them. It is proven here, then on that node.",
        listOf("router policy apply router.yaml", "router policy apply router.yaml --admin http://127.0.0.1:8081"),
    ) {
    private val file by argument("FILE").path()
    private val running by RunningRouter()

    override fun run() {
        val text = readText(file)
        load.fromText(text, "$file")
        val body = newObject().put("policy", text).put("file", "${file.fileName}")
        val answer = parseJson(running.post("/policy", "$body", absent = "that router takes no policies: it is an older one", TIMEOUT).body)
        val revision = answer?.path("revision")?.asText().orEmpty()
        echo(
            "$file: is version ${answer
                ?.path(
                    "version",
                )?.asLong() ?: 0} of the cluster's policy, revision ${revision.take(Policy.REVISION_SHOWN)}",
        )
    }

    private companion object {
        /** A node opens encoders before it agrees. */
        val TIMEOUT: Duration = Duration.ofMinutes(2)
    }
}

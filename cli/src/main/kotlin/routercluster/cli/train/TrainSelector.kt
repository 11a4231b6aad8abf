package routercluster.cli.train

import com.fasterxml.jackson.databind.node.ObjectNode
import com.github.ajalt.clikt.core.UsageError
import com.github.ajalt.clikt.parameters.options.associate
import com.github.ajalt.clikt.parameters.options.default
import com.github.ajalt.clikt.parameters.options.flag
import com.github.ajalt.clikt.parameters.options.help
import com.github.ajalt.clikt.parameters.options.multiple
import com.github.ajalt.clikt.parameters.options.option
import com.github.ajalt.clikt.parameters.options.required
import com.github.ajalt.clikt.parameters.options.split
import com.github.ajalt.clikt.parameters.types.choice
import com.github.ajalt.clikt.parameters.types.double
import com.github.ajalt.clikt.parameters.types.int
import com.github.ajalt.clikt.parameters.types.path
import com.github.ajalt.clikt.parameters.types.restrictTo
import routercluster.cli.Command
import routercluster.cli.Failure
import routercluster.cli.LoadPolicy
import routercluster.cli.newObject
import routercluster.cli.pretty
import routercluster.cli.readBytes
import routercluster.cli.writeText
import routercluster.policy.catalog.Catalog
import routercluster.policy.learnt.Artifact
import routercluster.policy.learnt.LearntKind
import routercluster.policy.learnt.fit.Fixed
import routercluster.policy.learnt.fit.JudgedRequest
import routercluster.policy.learnt.fit.REQUESTS_MIN
import routercluster.policy.learnt.fit.ReadRequest
import routercluster.policy.learnt.fit.TrainingTask
import routercluster.policy.learnt.fit.train
import java.nio.file.Files
import java.nio.file.Path
import java.security.MessageDigest
import java.util.HexFormat

/** `router train-selector`: makes an artifact for `knn`, `kmeans`, `svm`, `mlp` or `pareto` of requests and what models' answers were worth. */
class TrainSelector(private val load: LoadPolicy) :
    Command(
        "train-selector",
        "Fit an artifact for a learnt selector from requests and what models' answers to them were worth.",
        listOf(
            "router train-selector --data outcomes.jsonl --algorithm svm --out models/svm.json",
            "router train-selector --data routing/mmlu-pro/train.jsonl.gz --algorithm knn --models gemini-1.5-pro-002,Yi-34B --out models/knn.json",
        ),
    ) {
    private val data by option(
        "--data",
        metavar = "FILE",
    ).path()
        .multiple(
            required = true,
        ).help("JSON lines of texts and outcomes, no export of records, which hold no text; several times for several files")
    private val algorithm by option("--algorithm").choice(LearntKind.entries.associateBy { it.key }).required().help("which selector")
    private val out by option("--out", metavar = "FILE").path().required().help("where the artifact goes")
    private val config by option(
        "--config",
        metavar = "FILE",
    ).path().help("policy whose encoder reads the texts; without it the program's own")
    private val models by option("--models", metavar = "A,B").split(",").help("only these models")
    private val rename by option(
        "--rename",
        metavar = "DATA=POLICY",
    ).associate().help("a model's name in the data, and the policy's name for it")
    private val neighbours by option(
        "--k",
    ).int().restrictTo(1..10_000).help("knn: neighbours that are asked; by default the best on held-out parts")
    private val clusters by option("--clusters").int().restrictTo(1..100_000).help("kmeans, pareto: how many; by default likewise")
    private val kernel by option("--kernel").choice("rbf", "linear").default("rbf").help("svm")
    private val gamma by option("--gamma")
        .double()
        .restrictTo(1e-6..1e6)
        .default(1.0)
        .help("svm: width of the RBF kernel")
    private val seed by option("--seed").int().default(1).help("of all that is left to chance")
    private val json by option("--json").flag().help("print JSON")

    override fun run() {
        if (kernel == "linear" && algorithm != LearntKind.SVM) throw UsageError("--kernel is for svm")
        val rows = data.flatMap(::readOutcomes).map(::wanted).filter { it.outcomes.isNotEmpty() }
        if (rows.size <
            REQUESTS_MIN
        ) {
            throw Failure("${rows.size} requests with outcomes of these models are too few, $REQUESTS_MIN are needed")
        }
        val artifact = TextReading.open(catalog()).use { reading ->
            val fixed = Fixed(neighbours, clusters, gamma.takeIf { kernel == "rbf" })
            train(TrainingTask(algorithm, judged(rows, reading), reading.domains, fixed, seed, card(reading)), ::progress)
        }
        write(artifact)
        echo(if (json) pretty(summary(artifact)) else told(artifact))
    }

    private fun catalog(): Catalog = (config?.let { load.fromFile(it) } ?: load.fromText(PLAIN_POLICY, "built-in policy")).catalog

    private fun wanted(row: OutcomeRow): OutcomeRow {
        val kept = models?.let { names -> row.outcomes.filterKeys { it in names } } ?: row.outcomes
        return OutcomeRow(row.text, row.category, kept.mapKeys { (name, _) -> rename[name] ?: name })
    }

    private fun judged(rows: List<OutcomeRow>, reading: TextReading): List<JudgedRequest> {
        val read = reading.read(rows.map { it.text }) { progress("read $it of ${rows.size} requests") }
        return judged(rows, read)
    }

    private fun card(reading: TextReading): ObjectNode {
        val card = newObject().put("encoder", reading.version)
        val files = card.putArray("data")
        data.forEach { files.addObject().put("file", "${it.fileName}").put("sha256", digest(it)) }
        return card
    }

    private fun digest(file: Path) = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(readBytes(file)))

    private fun write(artifact: Artifact) {
        out.toAbsolutePath().parent?.let(Files::createDirectories)
        writeText(out, artifact.text())
    }

    private fun summary(artifact: Artifact): ObjectNode {
        val summary = newObject().put("file", "$out").put("algorithm", artifact.kind.key).put("version", artifact.version)
        summary.set<ObjectNode>("card", artifact.card)
        val all = summary.putArray("models")
        artifact.models.forEach {
            all
                .addObject()
                .put("name", it.name)
                .put("quality", it.quality)
                .put("cost", it.cost)
        }
        return summary
    }

    private fun told(artifact: Artifact): String =
        "$out: ${artifact.kind.key} ${artifact.version} for ${artifact.models.joinToString { it.name }}, " +
            "from ${artifact.card.path("requests")} requests, ${artifact.card.path("settings").asText()}"

    /** One line that overwrites itself, so only where somebody watches. */
    private fun progress(what: String) {
        if (System.console() != null) echo("\r${what.padEnd(PROGRESS_WIDTH)}", trailingNewline = false, err = true)
    }

    private companion object {
        const val PROGRESS_WIDTH = 60

        /** For its encoder alone. */
        const val PLAIN_POLICY =
            """version: v0.3
providers:
  defaults: {default_model: none}
  models: [{name: none, backend_refs: [{endpoint: "127.0.0.1:1"}]}]
routing: {}
"""
    }
}

/** [rows] with what the encoder [read] of them; those of which it read no vector are left out. */
fun judged(rows: List<OutcomeRow>, read: List<ReadRequest>): List<JudgedRequest> =
    rows.zip(read).mapNotNull { (row, request) -> request.embedding?.let { JudgedRequest(it, request, row.outcomes) } }

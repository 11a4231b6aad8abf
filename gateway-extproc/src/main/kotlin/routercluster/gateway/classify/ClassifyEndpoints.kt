package routercluster.gateway.classify

import com.fasterxml.jackson.databind.node.ObjectNode
import routercluster.policy.classify.Questions

/** Texts judged by the policy's heads: paths to endpoints. */
internal val classifyEndpoints: Map<String, Endpoint> =
    TaskType.entries.filter { it != TaskType.INTENT }.associate { "/api/v1/classify/${it.key}" to single(it) } +
        mapOf(
            "/api/v1/classify/intent" to ::classifyIntent,
            "/api/v1/classify/combined" to ::classifyCombined,
            "/api/v1/classify/batch" to ::classifyBatch,
            "/api/v1/nli" to ::judgeEntailment,
            "/api/v1/eval" to ::evaluateRequest,
        )

private fun single(type: TaskType): Endpoint =
    { call ->
        val text = call.body.text("text")
        val task = type.task(call.judges, call.body.section("options"))
        call.body.close()
        call.timed(call.answer(task, listOf(text)).single().json)
    }

/** Several texts of one task, with one request to the encoders. */
private suspend fun ApiCall.answer(task: Task<*>, texts: List<String>): List<ShownFinding> {
    val questions = Questions(policy.catalog)
    val asked = texts.map { task.ask(questions, it) }
    val results = read(questions.passages)
    return asked.map { it(results) }
}

/** Topic, personal data and attacks, with one request to the encoders. */
private suspend fun classifyCombined(call: ApiCall): ObjectNode {
    val text = call.body.text("text")
    val options = call.body.section("options")
    val tasks =
        mapOf(
            "intent" to topicTask(call.judges, options),
            "pii" to piiTask(call.judges, options),
            "security" to threatTask(call.judges),
        )
    call.body.close()
    val questions = Questions(call.policy.catalog)
    val asked = tasks.mapValues { (_, task) -> task.ask(questions, text) }
    val results = call.read(questions.passages)
    val json = obj()
    asked.forEach { (name, answer) -> json.set<ObjectNode>(name, answer(results).json) }
    return call.timed(json)
}

private suspend fun classifyBatch(call: ApiCall): ObjectNode {
    val texts = call.body.texts("texts")
    val type = call.body.oneOf("task_type", TaskType.entries.associateBy { it.key }) ?: TaskType.INTENT
    val task = type.task(call.judges, call.body.section("options"))
    call.body.close()
    val shown = call.answer(task, texts)
    val json = obj().put("task_type", type.key)
    json.putArray("results").addAll(shown.map { it.json })
    json.put("total_count", shown.size)
    val statistics = json.putObject("statistics")
    val counts = statistics.putObject("category_distribution")
    shown
        .groupingBy { it.finding.label }
        .eachCount()
        .toSortedMap()
        .forEach(counts::put)
    statistics.put("avg_confidence", shown.map { it.finding.confidence }.average())
    statistics.put("abstained_count", shown.count { it.finding.abstained })
    return call.timed(json)
}

private suspend fun judgeEntailment(call: ApiCall): ObjectNode {
    val premise = call.body.text("premise")
    val judge = call.judges.entailment(call.body.text("hypothesis"))
    call.body.close()
    val questions = Questions(call.policy.catalog)
    val asked = questions.ask(judge, premise)
    val finding = asked.answer(call.read(questions.passages))
    val json = obj().put("label", finding.label).put("confidence", finding.confidence).put("abstained", finding.abstained)
    json.putProbabilities(finding.probabilities)
    return call.timed(json.addCoverage(finding.coverage))
}

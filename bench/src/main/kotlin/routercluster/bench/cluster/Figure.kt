package routercluster.bench.cluster

import com.fasterxml.jackson.databind.ObjectMapper
import java.util.Locale

/**
 * One measurement.
 *
 * @property nodes of the cluster
 * @property value with [unit]
 * @property p50 milliseconds; null where there is no distribution, as for [p99]
 * @property aim what was set out to reach; null where nothing was
 */
class Figure(
    val what: String,
    val nodes: Int,
    val value: Double,
    val unit: String,
    val p50: String? = null,
    val p99: String? = null,
    val aim: String? = null,
) {
    constructor(what: String, nodes: Int, answers: Answers, aim: String? = null) :
        this(what, nodes, answers.perSecond, "/s", answers.quantile(0.5), answers.quantile(0.99), aim)
}

fun List<Figure>.asTable(): String =
    "| measurement | nodes | figure | p50 ms | p99 ms | aim |\n|---|---:|---:|---:|---:|---|\n" +
        joinToString("") {
            "| ${it.what} | ${it.nodes} | ${it.value.rounded()} ${it.unit} | ${it.p50.orEmpty()} | ${it.p99.orEmpty()} | ${it.aim.orEmpty()} |\n"
        }

fun List<Figure>.asJson(): String = ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(this)

private fun Double.rounded(): String = String.format(Locale.ROOT, if (this < 100) "%.1f" else "%,.0f", this)

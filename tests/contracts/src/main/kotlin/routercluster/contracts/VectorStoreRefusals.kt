package routercluster.contracts

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import org.junit.jupiter.api.Test
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Filter
import routercluster.policy.vectors.HybridQuery
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Refusal
import routercluster.policy.vectors.Scope
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorFailure
import routercluster.policy.vectors.VectorLimits
import routercluster.policy.vectors.VectorStore
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit

/**
 * What every vector store refuses. Whoever implements this opens [store] with [clock] and [LIMITS], and closes it. The name of [spec] is no
 * other test's.
 */
interface VectorStoreRefusals {
    val store: VectorStore
    val clock: SetClock
    val spec: CollectionSpec

    @Test
    fun `what is beyond a bound is refused, and nothing is put`() {
        val points = opened()

        fun put(point: Point) = refusal(points.upsert(listOf(Point("a", "fine", EAST), point)))
        val refused = listOf(
            put(Point("a", "1", FloatArray(3) { 1f })) to Refusal.DIMENSION,
            put(Point("a", "1", FloatArray(4))) to Refusal.VECTOR,
            put(Point("a", "1", floatArrayOf(1f, Float.NaN, 0f, 0f))) to Refusal.VECTOR,
            put(Point("", "1", EAST)) to Refusal.NAME,
            put(Point("a", "", EAST)) to Refusal.NAME,
            put(Point("a\u0000b", "1", EAST)) to Refusal.NAME,
            put(Point("a", "\ud83d", EAST)) to Refusal.NAME,
            put(Point("a", "x".repeat(VectorLimits.KEY_LENGTH_MAX + 1), EAST)) to Refusal.NAME,
            put(Point("a", "1", EAST, mapOf("unknown" to FieldValue.Flag(true)))) to Refusal.FIELD,
            put(Point("a", "1", EAST, mapOf("kind" to FieldValue.Flag(true)))) to Refusal.FIELD,
            put(Point("a", "1", EAST, mapOf("tokens" to FieldValue.Number(Double.NaN)))) to Refusal.FIELD,
            put(Point("a", "1", EAST, mapOf("kind" to FieldValue.Text("x".repeat(LIMITS.fieldsBytesMax))))) to Refusal.FIELDS_TOO_LARGE,
            put(Point("a", "1", EAST, text = "x".repeat(LIMITS.textLengthMax + 1))) to Refusal.TEXT_TOO_LONG,
            put(Point("a", "1", EAST, body = ByteArray(LIMITS.bodyBytesMax + 1))) to Refusal.BODY_TOO_LARGE,
            refusal(points.upsert(List(LIMITS.batchPointsMax + 1) { Point("a", "$it", EAST) })) to Refusal.BATCH_TOO_LARGE,
            refusal(points.upsert(List(10) { Point("a", "$it", EAST, body = ByteArray(LIMITS.bodyBytesMax)) })) to Refusal.BATCH_TOO_LARGE,
            refusal(points.delete("a", List(LIMITS.batchPointsMax + 1) { "$it" })) to Refusal.BATCH_TOO_LARGE,
            refusal(points.get("a", List(LIMITS.batchPointsMax + 1) { "$it" })) to Refusal.BATCH_TOO_LARGE,
        )
        refused.forEachIndexed { row, (found, expected) -> withClue("row $row") { found shouldBe expected } }
        get(points.count(Selection())) shouldBe 0
    }

    @Test
    fun `what cannot be asked is refused`() {
        val points = opened()
        val here = Scope(setOf("a"))

        fun near(vector: FloatArray = EAST, scope: Scope = here, limit: Int = 1, minimum: Float = -1f) =
            refusal(points.search(NearQuery(vector, scope, limit, minimum)))

        fun filtered(filter: Filter) = refusal(points.count(Selection(filter = filter)))
        val many = Filter.In("tokens", (0..LIMITS.filterNodesMax).map { FieldValue.Number(it.toDouble()) }.toSet())
        val refused = listOf(
            near(vector = FloatArray(5) { 1f }) to Refusal.DIMENSION,
            near(vector = FloatArray(4)) to Refusal.VECTOR,
            near(scope = Scope(emptySet())) to Refusal.PARTITIONS,
            near(scope = Scope(List(LIMITS.partitionsMax + 1) { "p$it" }.toSet())) to Refusal.PARTITIONS,
            near(limit = 0) to Refusal.RESULTS,
            near(limit = LIMITS.resultsMax + 1) to Refusal.RESULTS,
            near(minimum = Float.NaN) to Refusal.RESULTS,
            refusal(points.search(HybridQuery(EAST, "x".repeat(LIMITS.textLengthMax + 1), here, 1))) to Refusal.TEXT_TOO_LONG,
            refusal(points.scan(Selection(), LIMITS.resultsMax + 1)) to Refusal.RESULTS,
            refusal(points.scan(Selection(), 1, after = "made up")) to Refusal.CURSOR,
            filtered(Filter.Equals("unknown", FieldValue.Flag(true))) to Refusal.FILTER,
            filtered(Filter.Equals("kind", FieldValue.Number(1.0))) to Refusal.FILTER,
            filtered(Filter.Not(Filter.In("kind", setOf(FieldValue.Number(1.0))))) to Refusal.FILTER,
            filtered(Filter.Range("tokens")) to Refusal.FILTER,
            filtered(Filter.Range("kind", from = 1.0)) to Refusal.FILTER,
            filtered(many) to Refusal.FILTER,
        )
        refused.forEachIndexed { row, (found, expected) -> withClue("row $row") { found shouldBe expected } }
    }

    @Test
    fun `a collection that cannot be is refused`() {
        opened()
        val id = spec.id
        val refused = listOf(
            spec.copy(dimension = 5) to Refusal.COLLECTION_DIFFERS,
            spec.copy(fields = mapOf("kind" to FieldKind.NUMBER)) to Refusal.COLLECTION_DIFFERS,
            spec.copy(id = id.copy(name = "../up")) to Refusal.NAME,
            spec.copy(id = id.copy(name = "x".repeat(VectorLimits.NAME_LENGTH_MAX + 1))) to Refusal.NAME,
            spec.copy(id = id.copy(encoderVersion = " ")) to Refusal.NAME,
            spec.copy(dimension = 0) to Refusal.DIMENSION,
            spec.copy(dimension = LIMITS.dimensionMax + 1) to Refusal.DIMENSION,
            spec.copy(fields = mapOf("Kind" to FieldKind.TEXT)) to Refusal.FIELD,
        )
        for ((wrong, expected) in refused) withClue(wrong) { refusal(store.open(wrong)) shouldBe expected }
    }

    @Test
    fun `collections have a bound`() {
        repeat(LIMITS.collectionsMax) { opened(spec.copy(id = spec.id.copy(encoderVersion = "v$it"))) }
        refusal(store.open(spec.copy(id = spec.id.copy(encoderVersion = "one more")))) shouldBe Refusal.TOO_MANY_COLLECTIONS
        get(store.drop(spec.id.copy(encoderVersion = "v0")))
        opened(spec.copy(id = spec.id.copy(encoderVersion = "one more")))
    }

    @Test
    fun `what is closed says so`() {
        val points = opened()
        get(store.drop(spec.id))
        failure(points.count(Selection())).shouldBeInstanceOf<VectorFailure.Closed>()
        val again = opened()
        store.close()
        failure(again.search(NearQuery(EAST, Scope(setOf("a")), 1))).shouldBeInstanceOf<VectorFailure.Closed>()
        failure(again.upsert(listOf(Point("a", "1", EAST)))).shouldBeInstanceOf<VectorFailure.Closed>()
        failure(store.open(spec)).shouldBeInstanceOf<VectorFailure.Closed>()
    }

    fun opened(wanted: CollectionSpec = spec): VectorCollection = get(store.open(wanted))

    fun <T> get(stage: CompletionStage<T>): T = stage.toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS)

    private fun failure(stage: CompletionStage<*>): Throwable? = shouldThrow<ExecutionException> { get(stage) }.cause

    private fun refusal(stage: CompletionStage<*>): Refusal = failure(stage).shouldBeInstanceOf<VectorFailure.Refused>().refusal

    companion object {
        val LIMITS = VectorLimits(
            collectionsMax = 3,
            dimensionMax = 64,
            fieldsBytesMax = 1_000,
            textLengthMax = 2_000,
            bodyBytesMax = 10_000,
            batchPointsMax = 100,
            batchBytesMax = 50_000,
            partitionsMax = 4,
            resultsMax = 50,
            filterNodesMax = 20,
        )

        val FIELDS = mapOf("kind" to FieldKind.TEXT, "tokens" to FieldKind.NUMBER, "own" to FieldKind.FLAG)

        private const val WAIT_SECONDS = 60L
        private val EAST = floatArrayOf(1f, 0f, 0f, 0f)
    }
}

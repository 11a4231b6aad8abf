package routercluster.vectorstore.qdrant

import io.grpc.Status
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.qdrant.client.grpc.Collections.CreateCollection
import io.qdrant.client.grpc.Points.CreateFieldIndexCollection
import io.qdrant.client.grpc.Points.QueryPoints
import io.qdrant.client.grpc.Points.ReadConsistencyType
import io.qdrant.client.grpc.Points.UpsertPoints
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Test
import routercluster.contracts.SetClock
import routercluster.policy.models.Secret
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.CollectionSpec
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Scope
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import routercluster.policy.vectors.VectorFailure
import routercluster.vectorstore.await
import routercluster.vectorstore.failure
import routercluster.vectorstore.get
import java.time.Duration
import kotlin.random.Random

/** What is Qdrant's own; what every store does is in the contract. */
class QdrantVectorStoreTest {
    private val fake = FakeQdrant()
    private val clock = SetClock()
    private var nanos = 0L
    private val opened = mutableListOf<QdrantVectorStore>()
    private val spec = CollectionSpec(CollectionId("kept", "encoder", "1"), 4, mapOf("kind" to FieldKind.TEXT))
    private val query = NearQuery(floatArrayOf(1f, 0f, 0f, 0f), Scope(setOf("secret tenant")), 3)

    private fun settings() = QdrantSettings("127.0.0.1", fake.port, retryPause = Duration.ofNanos(1))

    private fun open(settings: QdrantSettings = settings()) = QdrantVectorStore(settings, clock, Random(1)) { nanos }.also { opened += it }

    private fun collection(store: QdrantVectorStore): VectorCollection = get(store.open(spec))

    @AfterEach
    fun close() {
        opened.forEach { it.close() }
        fake.close()
    }

    private inline fun <reified T> calls(): List<T> = fake.calls.filterIsInstance<T>()

    @Test
    fun `a collection is made with a tenant key, indexes, quantisation and copies`() {
        collection(open(settings().copy(copies = QdrantCopies(shards = 6, replicas = 3, writeConsistency = 2))))
        val creation = calls<CreateCollection>().single()
        creation.shardNumber shouldBe 6
        creation.replicationFactor shouldBe 3
        creation.writeConsistencyFactor shouldBe 2
        creation.quantizationConfig.hasScalar() shouldBe true
        val indexes = calls<CreateFieldIndexCollection>().associate { it.fieldName to it.fieldIndexParams }
        indexes.keys shouldContainExactlyInAnyOrder listOf("p", "e", "f_kind")
        indexes.getValue("p").keywordIndexParams.isTenant shouldBe true
        indexes.getValue("f_kind").keywordIndexParams.isTenant shouldBe false
    }

    @Test
    fun `a collection that was left half made is completed`() {
        fake.failures += listOf(null, null, null, null, Status.Code.INTERNAL)
        failure(open().open(spec)).shouldBeInstanceOf<VectorFailure.Unavailable>().message shouldContain "as told"
        val before = calls<CreateFieldIndexCollection>().map { it.fieldName }
        collection(open())
        calls<CreateCollection>().size shouldBe 1
        calls<CreateFieldIndexCollection>().map { it.fieldName }.toSet() shouldBe setOf("p", "e", "f_kind")
        before.size shouldBe 1
    }

    @Test
    fun `another node sees what one has put, and its collection`() {
        get(collection(open()).upsert(listOf(Point("secret tenant", "1", floatArrayOf(1f, 0f, 0f, 0f)))))
        get(collection(open()).search(query)).single().entry.id shouldBe "1"
        calls<CreateCollection>().size shouldBe 1
    }

    @Test
    fun `stores with other prefixes share nothing`() {
        val one = open()
        collection(one)
        val other = open(settings().copy(prefix = "other"))
        get(other.collections()) shouldBe emptyList()
        collection(other)
        get(one.collections()) shouldBe listOf(spec.id)
        calls<CreateCollection>().map { it.collectionName.substringBefore('-') } shouldBe listOf("routercluster", "other")
    }

    @Test
    fun `points go in batches`() {
        val points = collection(open())
        get(points.upsert(List(600) { Point("a", "$it", floatArrayOf(1f, it.toFloat(), 0f, 0f)) }))
        calls<UpsertPoints>().map { it.pointsCount } shouldBe listOf(256, 256, 88)
        get(points.count(Selection())) shouldBe 600
    }

    @Test
    fun `reads ask for the agreement that was set`() {
        get(collection(open(settings().copy(copies = QdrantCopies(read = QdrantAgreement.QUORUM)))).search(query))
        calls<QueryPoints>().single().readConsistency.type shouldBe ReadConsistencyType.Quorum
    }

    @Test
    fun `a failure that passes is tried again, with a bound`() {
        val store = open()
        val points = collection(store)
        fake.failures += listOf(Status.Code.UNAVAILABLE, Status.Code.UNAVAILABLE)
        get(points.search(query)) shouldBe emptyList()
        store.counts.retries shouldBe 2
        fake.failures += List(3) { Status.Code.UNAVAILABLE }
        failure(points.search(query)).shouldBeInstanceOf<VectorFailure.Unavailable>()
        get(points.search(query)) shouldBe emptyList()
        store.counts.failures shouldBe 5
    }

    @Test
    fun `a server that does not answer is left alone for a while, then tried once`() {
        val store = open(settings().copy(attemptsMax = 1))
        val points = collection(store)
        val before = fake.calls.size
        fake.failures += List(5) { Status.Code.UNAVAILABLE }
        repeat(5) { failure(points.search(query)).shouldBeInstanceOf<VectorFailure.Unavailable>() }
        repeat(20) {
            failure(points.search(query)).shouldBeInstanceOf<VectorFailure.Unavailable>().message shouldContain
                "not asked for a while"
        }
        fake.calls.size - before shouldBe 5
        store.counts.refused shouldBe 20
        nanos += Duration.ofSeconds(5).toNanos()
        fake.failures += Status.Code.UNAVAILABLE
        failure(points.search(query)).shouldBeInstanceOf<VectorFailure.Unavailable>().message shouldContain "UNAVAILABLE"
        failure(points.search(query)).shouldBeInstanceOf<VectorFailure.Unavailable>().message shouldContain "not asked for a while"
        nanos += Duration.ofSeconds(5).toNanos()
        get(points.search(query)) shouldBe emptyList()
        get(points.search(query)) shouldBe emptyList()
    }

    @Test
    fun `a server that is gone is unavailable`() {
        val points = collection(open())
        fake.close()
        failure(points.search(query)).shouldBeInstanceOf<VectorFailure.Unavailable>()
    }

    @Test
    fun `failures have names, and quote no entry`() {
        val points = collection(open(settings().copy(attemptsMax = 1, failuresMax = 100)))
        val named = mapOf(
            Status.Code.DEADLINE_EXCEEDED to VectorFailure.TimedOut::class,
            Status.Code.RESOURCE_EXHAUSTED to VectorFailure.Overloaded::class,
            Status.Code.NOT_FOUND to VectorFailure.Closed::class,
            Status.Code.INVALID_ARGUMENT to VectorFailure.Unavailable::class,
        )
        for ((code, expected) in named) {
            fake.failures += code
            val failure = checkNotNull(failure(points.search(query)))
            failure::class shouldBe expected
            failure.message.orEmpty() shouldContain code.name
            failure.message.orEmpty() shouldNotContain "as told"
        }
    }

    @Test
    fun `a wrong key is told as such, and no key goes over the wire in clear text`() {
        FakeQdrant(apiKey = "right").use { guarded ->
            val settings = QdrantSettings("127.0.0.1", guarded.port, apiKey = Secret("wrong-key"))
            val failure = failure(open(settings).open(spec)).shouldBeInstanceOf<VectorFailure.Unavailable>()
            failure.message shouldContain "UNAUTHENTICATED"
            failure.message shouldNotContain "wrong-key"
        }
        shouldThrow<IllegalArgumentException> { QdrantSettings("qdrant.example", apiKey = Secret("k")) }.message shouldContain "needs TLS"
    }

    @Test
    fun `what is over is swept from time to time`() {
        val store = open(settings().copy(sweepInterval = Duration.ofMillis(5)))
        val points = collection(store)
        get(points.upsert(List(3) { Point("a", "$it", floatArrayOf(1f, 0f, 0f, 0f), expiresAt = clock.millis() + it * 1_000) }))
        clock.forward(Duration.ofMillis(1_500))
        await("the first two are gone") { get(points.stats()).entries == 1L }
    }

    @Test
    fun `a collection of another program is refused`() {
        collection(open())
        val creation = calls<CreateCollection>().single()
        val store = open(settings().copy(prefix = "foreign"))
        val foreign = creation.toBuilder().clearMetadata().setCollectionName(creation.collectionName.replace("routercluster", "foreign"))
        fake.make(foreign.build())
        failure(store.open(spec)).shouldBeInstanceOf<VectorFailure.Unreadable>()
    }
}

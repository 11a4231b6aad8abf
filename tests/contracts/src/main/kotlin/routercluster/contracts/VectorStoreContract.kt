package routercluster.contracts

import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.floats.plusOrMinus
import io.kotest.matchers.shouldBe
import org.junit.jupiter.api.Test
import routercluster.policy.vectors.CollectionId
import routercluster.policy.vectors.FieldKind
import routercluster.policy.vectors.FieldValue
import routercluster.policy.vectors.Filter
import routercluster.policy.vectors.HybridQuery
import routercluster.policy.vectors.NearQuery
import routercluster.policy.vectors.Part
import routercluster.policy.vectors.Point
import routercluster.policy.vectors.Scope
import routercluster.policy.vectors.Selection
import routercluster.policy.vectors.VectorCollection
import java.time.Duration
import kotlin.math.cos
import kotlin.math.sin

/** What holds for every vector store as it answers; [VectorStoreRefusals] has what it refuses. */
interface VectorStoreContract : VectorStoreRefusals {
    @Test
    fun `what was put is got back`() {
        val points = opened()
        val body = ByteArray(1_000) { (it * 31).toByte() }
        val fields = mapOf("kind" to text("chat"), "tokens" to FieldValue.Number(12.5), "own" to FieldValue.Flag(true))
        val until = clock.millis() + 60_000
        get(points.upsert(listOf(Point("a", "1", floatArrayOf(3f, 0f, 4f, 0f), fields, until, "some words", body))))
        val entry = get(points.get("a", listOf("1", "2"), Part.entries.toSet())).single()
        entry.partition shouldBe "a"
        entry.id shouldBe "1"
        entry.fields shouldBe fields
        entry.expiresAt shouldBe until
        entry.text shouldBe "some words"
        entry.body?.toList() shouldBe body.toList()
        entry.vector?.zip(listOf(0.6f, 0f, 0.8f, 0f))?.forEach { (found, put) -> found shouldBe (put plusOrMinus 0.01f) }
        val bare = get(points.get("a", listOf("1"))).single()
        listOf(bare.vector, bare.text, bare.body) shouldBe listOf(null, null, null)
        bare.fields shouldBe fields
    }

    @Test
    fun `odd values are got back as they were`() {
        val points = opened()
        val odd = "é \"quoted\" 日本 😀 \\ \n\t. \u202e"
        val fields = mapOf("kind" to text(odd), "tokens" to FieldValue.Number(-9.007199254740991E15))
        get(points.upsert(listOf(Point("p \"😀", "id/%:\\", EAST, fields, text = odd), Point("a", "empty", EAST, text = ""))))
        val entry = get(points.get("p \"😀", listOf("id/%:\\"), setOf(Part.TEXT, Part.BODY))).single()
        entry.fields shouldBe fields
        entry.text shouldBe odd
        entry.body?.size shouldBe 0
        entry.expiresAt shouldBe Point.NEVER
        found(points, EAST, Scope(setOf("p \"😀"), Filter.Equals("kind", text(odd)))) shouldBe listOf("id/%:\\")
    }

    @Test
    fun `what is put again replaces`() {
        val points = opened()
        get(points.upsert(listOf(Point("a", "1", EAST, mapOf("kind" to text("old"))))))
        get(points.upsert(listOf(Point("a", "1", NORTH, mapOf("kind" to text("new"))))))
        get(points.count(Selection())) shouldBe 1
        get(points.search(NearQuery(NORTH, Scope(setOf("a")), 5))).single().let { hit ->
            hit.score shouldBe (1f plusOrMinus 1e-3f)
            hit.entry.fields["kind"] shouldBe text("new")
        }
    }

    @Test
    fun `of one batch the last one with an id stays`() {
        val points = opened()
        get(points.upsert(listOf(Point("a", "1", EAST), Point("a", "1", NORTH), Point("a", "2", EAST))))
        found(points, NORTH, Scope(setOf("a"))) shouldBe listOf("1", "2")
        get(points.count(Selection())) shouldBe 2
    }

    @Test
    fun `an id is one of its partition`() {
        val points = opened()
        get(points.upsert(listOf(Point("a", "1", EAST), Point("b", "1", NORTH), Point("ab", "c", EAST))))
        get(points.get("b", listOf("1"), setOf(Part.VECTOR))).single().vector?.get(1) shouldBe (1f plusOrMinus 0.01f)
        get(points.delete("a", listOf("1", "none")))
        get(points.count(Selection(setOf("a")))) shouldBe 0
        get(points.count(Selection(setOf("b")))) shouldBe 1
    }

    @Test
    fun `the nearest come first, with their cosine`() {
        val points = opened()
        val angles = listOf(0.0, 0.2, 0.4, 0.8, 1.6, 3.0)
        get(points.upsert(angles.map { Point("a", "at $it", turned(it)) }))
        val hits = get(points.search(NearQuery(EAST, Scope(setOf("a")), limit = 4)))
        hits.map { it.entry.id } shouldBe angles.take(4).map { "at $it" }
        hits.zip(angles).forEach { (hit, angle) -> hit.score shouldBe (cos(angle).toFloat() plusOrMinus 2e-3f) }
        val near = get(points.search(NearQuery(EAST, Scope(setOf("a")), limit = 6, minimumScore = cos(0.5).toFloat())))
        near.map { it.entry.id } shouldBe listOf("at 0.0", "at 0.2", "at 0.4")
    }

    @Test
    fun `the length of a vector says nothing`() {
        val points = opened()
        get(
            points.upsert(
                listOf(Point("a", "long", floatArrayOf(0f, 900f, 0f, 0f)), Point("a", "short", floatArrayOf(0.001f, 0f, 0f, 0f))),
            ),
        )
        val hit = get(points.search(NearQuery(floatArrayOf(50f, 0f, 0f, 0f), Scope(setOf("a")), 1))).single()
        hit.entry.id shouldBe "short"
        hit.score shouldBe (1f plusOrMinus 1e-3f)
    }

    @Test
    fun `a search sees its partitions only`() {
        val points = opened()
        val all = (0 until PARTITIONS).map { Point("tenant $it", "of $it", EAST, body = byteArrayOf(it.toByte())) }
        all.chunked(BATCH).forEach { get(points.upsert(it)) }
        for (i in 0 until PARTITIONS step 37) {
            found(points, EAST, Scope(setOf("tenant $i"))) shouldBe listOf("of $i")
            get(points.search(HybridQuery(EAST, "of", Scope(setOf("tenant $i")), 10))).map { it.entry.id } shouldBe listOf("of $i")
        }
        found(points, EAST, Scope(setOf("tenant 1", "tenant 2", "none"))) shouldContainExactlyInAnyOrder listOf("of 1", "of 2")
        found(points, EAST, Scope(setOf("tenant"))) shouldBe emptyList()
    }

    @Test
    fun `filters mean what they say, wherever they are used`() {
        val points = opened()

        fun point(id: String, vararg fields: Pair<String, FieldValue>) = Point("a", id, EAST, mapOf(*fields))
        get(
            points.upsert(
                listOf(
                    point("chat", "kind" to text("chat"), "tokens" to FieldValue.Number(10.0), "own" to FieldValue.Flag(true)),
                    point("code", "kind" to text("code"), "tokens" to FieldValue.Number(20.5), "own" to FieldValue.Flag(false)),
                    point("math", "kind" to text("math"), "tokens" to FieldValue.Number(-3.0)),
                    point("none"),
                ),
            ),
        )
        for ((filter, ids) in FILTERS) {
            found(points, EAST, Scope(setOf("a"), filter)).toSet() shouldBe ids
            get(points.count(Selection(setOf("a"), filter))) shouldBe ids.size
            get(points.scan(Selection(filter = filter), 10)).entries.map { it.id }.toSet() shouldBe ids
        }
    }

    @Test
    fun `a filter is looked at while searching`() {
        val points = opened()
        val nearer = List(500) { Point("a", "near $it", turned(it * 1e-4), mapOf("kind" to text("chat"))) }
        val farther = List(3) { Point("a", "far $it", turned(2 + it * 0.1), mapOf("kind" to text("code"))) }
        (nearer + farther).chunked(BATCH).forEach { get(points.upsert(it)) }
        val scope = Scope(setOf("a"), Filter.Equals("kind", text("code")))
        found(points, EAST, scope, limit = 3) shouldBe listOf("far 0", "far 1", "far 2")
    }

    @Test
    fun `an entry ends at its instant and is swept later`() {
        val points = opened()
        val end = clock.millis() + 1_000
        get(
            points.upsert(
                listOf(Point("a", "short", EAST, expiresAt = end, text = "words"), Point("a", "long", EAST, expiresAt = end + 1)),
            ),
        )
        clock.forward(Duration.ofMillis(999))
        found(points, EAST, Scope(setOf("a"))) shouldContainExactlyInAnyOrder listOf("short", "long")
        get(points.sweep()) shouldBe 0
        clock.forward(Duration.ofMillis(1))
        found(points, EAST, Scope(setOf("a"))) shouldBe listOf("long")
        get(points.search(HybridQuery(EAST, "words", Scope(setOf("a")), 5))).map { it.entry.id } shouldBe listOf("long")
        get(points.get("a", listOf("short", "long"))).map { it.id } shouldBe listOf("long")
        get(points.count(Selection())) shouldBe 1
        get(points.scan(Selection(), 5)).entries.map { it.id } shouldBe listOf("long")
        get(points.stats()).entries shouldBe 2
        get(points.sweep()) shouldBe 1
        get(points.stats()).entries shouldBe 1
    }

    @Test
    fun `what was counted is what is deleted`() {
        val points = opened()
        get(points.upsert(List(20) { Point(if (it < 12) "a" else "b", "$it", EAST, mapOf("tokens" to FieldValue.Number(it.toDouble()))) }))
        val selection = Selection(filter = Filter.Range("tokens", from = 5.0, until = 15.0))
        get(points.count(selection)) shouldBe 10
        get(points.count(Selection())) shouldBe 20
        get(points.delete(selection)) shouldBe 10
        get(points.count(selection)) shouldBe 0
        get(points.delete(Selection(setOf("b")))) shouldBe 5
        get(points.scan(Selection(), 20)).entries.map { it.id }.toSet() shouldBe (0..4).map(Int::toString).toSet()
        found(points, EAST, Scope(setOf("b"))) shouldBe emptyList()
    }

    @Test
    fun `a scan has every entry once`() {
        val points = opened()
        get(points.upsert(List(25) { Point("p${it % 3}", "$it", turned(it.toDouble()), body = byteArrayOf(it.toByte())) }))

        fun all(selection: Selection, limit: Int): List<String> = buildList {
            var next: String? = null
            do {
                val page = get(points.scan(selection, limit, next, setOf(Part.BODY)))
                (page.entries.size <= limit) shouldBe true
                page.entries.forEach { it.body?.toList() shouldBe listOf(it.id.toByte()) }
                addAll(page.entries.map { it.id })
                next = page.next
            } while (next != null)
        }
        all(Selection(), 7) shouldContainExactlyInAnyOrder List(25, Int::toString)
        all(Selection(), 25) shouldContainExactlyInAnyOrder List(25, Int::toString)
        all(Selection(setOf("p1")), 2) shouldContainExactlyInAnyOrder (1..24 step 3).map(Int::toString)
    }

    @Test
    fun `a hybrid search has what is near, what has the words, and first what is both`() {
        val points = opened()
        val others = List(60) { Point("a", "other $it", turned(1.2 + it * 0.01), text = "filler number $it of many") }
        get(
            points.upsert(
                others + listOf(
                    Point("a", "near", turned(0.01), text = "nothing in common"),
                    Point("a", "words", turned(3.0), text = "The Quantum chromodynamics primer"),
                    Point("a", "both", turned(0.02), text = "a QUANTUM chromodynamics question"),
                    Point("a", "silent", turned(0.03)),
                    Point("b", "stranger", turned(0.0), text = "quantum chromodynamics"),
                ),
            ),
        )
        val query = HybridQuery(EAST, "quantum chromodynamics?", Scope(setOf("a")), 4, setOf(Part.TEXT))
        val hits = get(points.search(query))
        hits.first().entry.id shouldBe "both"
        hits.first().entry.text shouldBe "a QUANTUM chromodynamics question"
        hits.map { it.entry.id }.toSet() shouldBe setOf("both", "near", "words", "silent")
        hits.map { it.score } shouldBe hits.map { it.score }.sortedDescending()
        get(points.search(HybridQuery(EAST, "?!", Scope(setOf("a")), 1))).single().entry.id shouldBe "near"
    }

    @Test
    fun `entries of another encoder are never compared`() {
        val first = opened()
        val second = opened(first.spec.copy(id = first.spec.id.copy(encoderVersion = "2")))
        get(first.upsert(listOf(Point("a", "1", EAST))))
        found(second, EAST, Scope(setOf("a"))) shouldBe emptyList()
        get(second.upsert(listOf(Point("a", "1", NORTH))))
        found(first, NORTH, Scope(setOf("a"))) shouldBe listOf("1")
        ours(get(store.collections())) shouldContainExactlyInAnyOrder listOf(first.spec.id, second.spec.id)
        get(store.drop(second.spec.id)) shouldBe true
        get(store.drop(second.spec.id)) shouldBe false
        ours(get(store.collections())) shouldBe listOf(first.spec.id)
        get(first.count(Selection())) shouldBe 1
    }

    @Test
    fun `a collection is opened again with more fields`() {
        val before = opened()
        get(before.upsert(listOf(Point("a", "1", EAST, mapOf("kind" to text("chat"))))))
        val after = opened(before.spec.copy(fields = mapOf("more" to FieldKind.TEXT)))
        after.spec.fields shouldBe before.spec.fields + ("more" to FieldKind.TEXT)
        get(after.upsert(listOf(Point("a", "2", EAST, mapOf("more" to text("x"), "kind" to text("chat"))))))
        found(after, EAST, Scope(setOf("a"), Filter.Equals("kind", text("chat")))) shouldContainExactlyInAnyOrder listOf("1", "2")
        found(after, EAST, Scope(setOf("a"), Filter.Equals("more", text("x")))) shouldBe listOf("2")
    }

    @Test
    fun `many may write and search at once`() {
        val points = opened()
        val writes = (0 until 40).map { batch -> points.upsert(List(10) { Point("p${it % 2}", "$batch-$it", turned(batch + it * 0.1)) }) }
        val searches = (0 until 200).map { points.search(NearQuery(turned(it * 0.1), Scope(setOf("p${it % 2}")), 5)) }
        writes.forEach(::get)
        searches.forEach { hits -> (get(hits).size <= 5) shouldBe true }
        get(points.count(Selection())) shouldBe 400
        found(points, turned(7.3), Scope(setOf("p1")), limit = 1) shouldBe listOf("7-3")
    }

    private fun found(points: VectorCollection, vector: FloatArray, scope: Scope, limit: Int = 10): List<String> =
        get(points.search(NearQuery(vector, scope, limit))).map { it.entry.id }

    /** A real server may have collections of others. */
    private fun ours(all: List<CollectionId>) = all.filter { it.name == spec.id.name }

    companion object {
        private const val PARTITIONS = 1_000
        private const val BATCH = 100
        private val EAST = floatArrayOf(1f, 0f, 0f, 0f)
        private val NORTH = floatArrayOf(0f, 1f, 0f, 0f)

        private fun turned(angle: Double) = floatArrayOf(cos(angle).toFloat(), sin(angle).toFloat(), 0f, 0f)

        private fun text(value: String) = FieldValue.Text(value)

        private val isChat = Filter.Equals("kind", text("chat"))
        private val FILTERS: List<Pair<Filter, Set<String>>> = listOf(
            Filter.All to setOf("chat", "code", "math", "none"),
            isChat to setOf("chat"),
            Filter.Equals("kind", text("Chat")) to emptySet(),
            Filter.Equals("tokens", FieldValue.Number(20.5)) to setOf("code"),
            Filter.Equals("own", FieldValue.Flag(false)) to setOf("code"),
            Filter.In("kind", setOf(text("chat"), text("math"), text("art"))) to setOf("chat", "math"),
            Filter.In("tokens", setOf(FieldValue.Number(10.0), FieldValue.Number(-3.0))) to setOf("chat", "math"),
            Filter.In("own", setOf(FieldValue.Flag(true), FieldValue.Flag(false))) to setOf("chat", "code"),
            Filter.In("kind", emptySet()) to emptySet(),
            Filter.Range("tokens", from = 10.0) to setOf("chat", "code"),
            Filter.Range("tokens", until = 10.0) to setOf("math"),
            Filter.Range("tokens", from = -3.0, until = 20.5) to setOf("chat", "math"),
            Filter.Not(isChat) to setOf("code", "math", "none"),
            Filter.Not(Filter.Range("tokens", from = 0.0)) to setOf("math", "none"),
            Filter.And(listOf(Filter.Not(isChat), Filter.Range("tokens", from = 0.0))) to setOf("code"),
            Filter.And(listOf(isChat, Filter.Equals("own", FieldValue.Flag(false)))) to emptySet(),
            Filter.And(emptyList()) to setOf("chat", "code", "math", "none"),
            Filter.Not(Filter.And(emptyList())) to emptySet(),
            Filter.Not(Filter.Not(isChat)) to setOf("chat"),
            Filter.Not(Filter.In("kind", emptySet())) to setOf("chat", "code", "math", "none"),
        )
    }
}

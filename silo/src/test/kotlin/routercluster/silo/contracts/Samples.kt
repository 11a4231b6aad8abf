package routercluster.silo.contracts

import org.apache.pekko.actor.typed.ActorRef
import org.apache.pekko.actor.typed.ActorSystem
import java.lang.reflect.Proxy
import kotlin.reflect.KClass
import kotlin.reflect.KType
import kotlin.reflect.full.primaryConstructor
import kotlin.reflect.jvm.isAccessible

/**
 * Makes a value of any class of the contract, always the same.
 *
 * @param case which one of a sealed type is taken, counted round
 * @param isSparse whether what may be absent is absent, and collections are empty
 * @param first of the numbers in it
 * @param system whose dead letters stand for every reference; null where none is written
 */
internal class Samples(
    private val case: Int,
    private val isSparse: Boolean,
    private val system: ActorSystem<*>?,
    first: Int = FIRST,
) {
    private var count = first

    fun of(type: KClass<*>): Any {
        type.objectInstance?.let { return it }
        if (type.java.isEnum) return type.java.enumConstants.last()
        casesOf(type)?.values?.let { cases -> return of(cases.elementAt(case % cases.size)) }
        val maker = checkNotNull(type.primaryConstructor) { "$type has no constructor" }.apply { isAccessible = true }
        val given = maker.parameters.filterNot { isSparse && it.isOptional }
        return maker.callBy(given.associateWith { of(it.type, checkNotNull(it.name)) })
    }

    private fun of(type: KType, name: String): Any? {
        if (isSparse && type.isMarkedNullable) return null
        return when (val own = type.classifier as KClass<*>) {
            String::class -> "$name ä"

            Long::class -> number().toLong()

            Int::class -> number()

            Float::class -> number() / QUARTER

            Double::class -> number() / QUARTER.toDouble()

            Boolean::class -> true

            ByteArray::class -> byteArrayOf(0, 1, -1)

            LongArray::class -> longArrayOf(number().toLong(), number().toLong())

            List::class -> elements(type, name)

            // Of one, since a set has no order to be written in.
            Set::class -> elements(type, name).take(1).toSet()

            Map::class -> entries(type, name)

            ActorRef::class -> system?.deadLetters<Any>() ?: nobody

            else -> of(own)
        }
    }

    private fun number() = count++

    private fun elements(type: KType, name: String): List<Any?> =
        if (isSparse) emptyList() else List(2) { of(checkNotNull(type.arguments.single().type), "$name $it") }

    private fun entries(type: KType, name: String): Map<Any?, Any?> {
        val (key, value) = type.arguments.map { checkNotNull(it.type) }
        return if (isSparse) emptyMap() else mapOf(of(key, name) to of(value, name))
    }

    companion object {
        /** Beyond what CBOR writes in one byte, and within the bounds of a limit's window. */
        private const val FIRST = 1_001
        private const val QUARTER = 4f

        /** A reference to be compared with itself and nothing else. */
        private val nobody: Any =
            Proxy.newProxyInstance(ActorRef::class.java.classLoader, arrayOf(ActorRef::class.java)) { self, method, arguments ->
                when (method.name) {
                    "equals" -> self === arguments[0]
                    "hashCode" -> 0
                    else -> error("nobody is asked ${method.name}")
                }
            }

        /** As little as [type] needs, of two kinds: what was not given is equal in both, unless it is made of the rest. */
        fun sparse(type: KClass<*>): Pair<Any, Any> =
            Samples(0, isSparse = true, system = null).of(type) to Samples(0, isSparse = true, system = null, first = 2 * FIRST).of(type)

        /** By what sets them apart: one for each case of the sealed types that are met in them, and one with no more than there has to be. */
        fun all(type: KClass<*>, cases: Int, system: ActorSystem<*>): Map<String, Any> =
            (0 until cases).associate { "full-$it" to Samples(it, isSparse = false, system).of(type) } +
                ("sparse" to Samples(0, isSparse = true, system).of(type))
    }
}

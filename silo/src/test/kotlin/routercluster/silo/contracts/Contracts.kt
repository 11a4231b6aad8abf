package routercluster.silo.contracts

import com.fasterxml.jackson.annotation.JsonSubTypes
import org.apache.pekko.actor.typed.ActorRef
import routercluster.grains.WireMessage
import routercluster.grains.WireVersion
import routercluster.grains.state.StateCodec
import routercluster.silo.RunningSilo
import java.lang.reflect.Modifier
import kotlin.reflect.KClass
import kotlin.reflect.KType
import kotlin.reflect.full.findAnnotation
import kotlin.reflect.full.primaryConstructor

private val all: List<Class<*>> = classesBeside(WireMessage::class.java) + classesBeside(RunningSilo::class.java)

/** Every class of this program that is sent from node to node. */
internal val messages: List<KClass<*>> =
    all.filter { WireMessage::class.java.isAssignableFrom(it) && !it.isInterface }.map { it.kotlin }

/** The codec of every kept state. */
internal val codecs: List<StateCodec<*>> =
    all
        .flatMap { it.declaredFields.toList() }
        .filter { it.type == StateCodec::class.java && Modifier.isStatic(it.modifiers) }
        .map { field -> field.apply { isAccessible = true }.get(null) as StateCodec<*> }
        .sortedBy { it.type.name }

/** The contract as the classes have it. */
internal fun contractOfClasses(): Contract {
    val roots =
        messages.map { entryOf(it, Contract.MESSAGE, null) } +
            codecs.map { entryOf(it.type.kotlin, Contract.KEPT, it.format) }
    val parts = partsOf(messages + codecs.map { it.type.kotlin }) - messages.toSet() - codecs.map { it.type.kotlin }.toSet()
    val others = parts.map { entryOf(it, kindOf(it), null) }
    return Contract(WireVersion.WRITTEN, WireVersion.OLDEST_READ, roots + others.sortedBy { it.name })
}

internal fun nameOf(type: KClass<*>): String = checkNotNull(type.qualifiedName).removePrefix(OURS)

/** The cases of a sealed type by the names that tell them on the wire; null where it is none. */
internal fun casesOf(type: KClass<*>): Map<String, KClass<*>>? =
    type.findAnnotation<JsonSubTypes>()?.value?.associate { it.name to it.value }

private fun partsOf(roots: List<KClass<*>>): Set<KClass<*>> {
    val found = linkedSetOf<KClass<*>>()
    val open = ArrayDeque(roots)
    while (open.isNotEmpty()) {
        val type = open.removeFirst().takeIf(found::add) ?: continue
        val inner = casesOf(type)?.values ?: type.primaryConstructor
            ?.parameters
            .orEmpty()
            .flatMap { classesIn(it.type) }
        if (!type.java.isEnum) open += inner
    }
    return found
}

/** Whom a reference may be sent to is no part of the message. */
private fun classesIn(type: KType): List<KClass<*>> {
    val own = type.classifier as KClass<*>
    if (own == ActorRef::class) return emptyList()
    return listOf(own).filter { it.java.name.startsWith(OURS) } + type.arguments.mapNotNull { it.type }.flatMap(::classesIn)
}

private fun kindOf(type: KClass<*>) =
    when {
        type.java.isEnum -> Contract.ENUM
        casesOf(type) != null -> Contract.CHOICE
        else -> Contract.PART
    }

private fun entryOf(type: KClass<*>, kind: String, format: Int?): Entry {
    val cases = casesOf(type)
    val fields =
        when {
            type.java.isEnum -> type.java.enumConstants.associate { (it as Enum<*>).name to Field(null) }
            cases != null -> cases.mapValues { Field(nameOf(it.value)) }
            else -> fieldsOf(type)
        }
    return Entry(kind, nameOf(type), format, fields)
}

private fun fieldsOf(type: KClass<*>): Map<String, Field> {
    val parameters = type.primaryConstructor?.parameters.orEmpty()
    val sparse = if (parameters.any { it.isOptional }) Samples.sparse(type) else null
    return parameters.associate { parameter ->
        val name = checkNotNull(parameter.name)
        name to Field(textOf(parameter.type), sparse?.takeIf { parameter.isOptional }?.let { defaultOf(it, name) })
    }
}

private fun defaultOf(sparse: Pair<Any, Any>, field: String): String {
    val (one, other) = sparse.toList().map { "${valueOf(it, field)}" }
    return if (one == other) one else "(made of the others)"
}

private fun valueOf(instance: Any, field: String): Any? =
    instance.javaClass
        .getDeclaredField(field)
        .apply { isAccessible = true }
        .get(instance)

private fun textOf(type: KType): String {
    val own = type.classifier as KClass<*>
    val name = if (own.java.name.startsWith(OURS)) nameOf(own) else own.simpleName
    val arguments = type.arguments.mapNotNull { it.type }.joinToString { textOf(it) }
    return name + (if (arguments.isEmpty()) "" else "<$arguments>") + (if (type.isMarkedNullable) "?" else "")
}

private const val OURS = "routercluster."

package routercluster.policy.config.prove

import routercluster.policy.catalog.GroupMargin
import routercluster.policy.catalog.KnowledgeBase
import routercluster.policy.catalog.ManifestFile
import routercluster.policy.config.PolicyFiles
import routercluster.policy.config.Problems
import routercluster.policy.config.Text
import routercluster.policy.config.raw.RawKnowledgeBase

private const val MANIFEST_DEFAULT = "labels.json"
private const val THRESHOLD_DEFAULT = 0.5

/**
 * The knowledge bases by name, each with the text of its manifest.
 *
 * @param named what rules call theirs: of those that the policy does not describe, built-in ones are added
 */
internal fun proveKnowledgeBases(
    raw: List<RawKnowledgeBase>,
    named: List<Text>,
    files: PolicyFiles,
    problems: Problems,
): Map<String, KnowledgeBase> {
    refuseDuplicates(raw.map { it.name }, "knowledge base", problems)
    val described = raw.map { it.name.value }
    val added = named.distinctBy { it.value }.filter { it.value !in described }.mapNotNull(::builtInKnowledgeBase)
    return (raw + added).mapNotNull { base -> prove(base, files, problems) }.associateBy { it.name }
}

private fun prove(raw: RawKnowledgeBase, files: PolicyFiles, problems: Problems): KnowledgeBase? {
    refuseDuplicates(raw.metrics.map { it.name }, "metric of this knowledge base", problems)
    raw.metrics.flatMap { listOf(it.positiveGroup, it.negativeGroup) }.forEach {
        unknownName(it, "unknown group of the knowledge base ${raw.name.value}", raw.groups.keys, problems)
    }
    val manifest = manifest(raw, files, problems) ?: return null
    val labels = readManifest(manifest, problems) ?: return null
    provenNames(raw, labels.keys, problems)
    return KnowledgeBase(
        raw.name.value,
        raw.name.at,
        manifest,
        labels,
        raw.threshold ?: THRESHOLD_DEFAULT,
        raw.labelThresholds.associate { it.label.value to it.threshold },
        raw.groups.mapValues { (_, labels) -> labels.map { label -> label.value } },
        raw.metrics.map { metric -> GroupMargin(metric.name.value, metric.positiveGroup.value, metric.negativeGroup.value) },
        provePrototypes(raw.prototypes),
    )
}

private fun manifest(raw: RawKnowledgeBase, files: PolicyFiles, problems: Problems): ManifestFile? {
    val folder = raw.folder ?: return null
    val path = "${folder.value.trimEnd('/')}/${raw.manifest?.value ?: MANIFEST_DEFAULT}"
    val at = raw.manifest?.at ?: folder.at
    val text = files.text(path)
    if (text == null) problems.add(at, "cannot be read", path, "a file, by its path from this policy's folder")
    return text?.let { ManifestFile(path, it, at) }
}

/** Groups and thresholds speak of labels that the manifest has, and no group is empty. */
private fun provenNames(raw: RawKnowledgeBase, labels: Set<String>, problems: Problems) {
    val what = "unknown label of the knowledge base ${raw.name.value}"
    raw.labelThresholds.forEach { unknownName(it.label, what, labels, problems) }
    raw.groups.values
        .flatten()
        .forEach { unknownName(it, what, labels, problems) }
    raw.groups
        .filterValues { it.isEmpty() }
        .keys
        .forEach { problems.add(raw.groupsAt, "has an empty group", it, "at least one label") }
}

package routercluster.policy.config.lint

internal fun told(finding: Finding): String {
    val mended = finding.fix?.let { " -> $it" }.orEmpty()
    return "${finding.rule.label} ${finding.at.path}: ${finding.message}$mended"
}

internal fun fix(title: String, path: String, replacement: String?) = "${Fix(title, path, replacement)}"

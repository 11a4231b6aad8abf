package routercluster.policy.language

/**
 * What a router says of a program.
 *
 * @property problems what keeps it from serving
 * @property remarks what it says although it can hardly be meant
 */
class Judgement(val problems: List<String>, val remarks: List<String>)

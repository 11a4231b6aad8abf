package routercluster.policy.signals

import routercluster.policy.request.Facts

/**
 * Stands for a rule that this program cannot read although its policy may serve without it: every reading fails, so each condition's
 * error policy decides.
 *
 * @property reason safe to show to an operator
 */
internal class UnreadableSignal(
    override val ref: SignalRef,
    override val onError: OnError,
    override val labels: Map<String, LabelKind>,
    override val conditionNeeds: ConditionNeeds,
    private val reason: String,
) : Signal {
    override val cost = Cost.FIELD

    override fun read(facts: Facts): Reading = Reading.Failed(reason)
}

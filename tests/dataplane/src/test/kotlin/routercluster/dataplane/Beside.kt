package routercluster.dataplane

import routercluster.policy.config.EncoderFolder
import routercluster.policy.config.PolicyFiles
import routercluster.policy.encode.Head

/** The files beside a policy, where there are none but the encoder that comes with the program, which has [heads]. */
internal class Beside(heads: Map<String, Head>) : PolicyFiles by PolicyFiles.None {
    override val bundled = EncoderFolder.Found(null, heads)
}

package routercluster.grains

/** Marks what may cross between nodes. Bound to Jackson CBOR in `reference.conf`. */
interface WireMessage

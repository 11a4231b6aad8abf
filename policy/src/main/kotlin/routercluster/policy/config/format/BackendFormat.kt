package routercluster.policy.config.format

// Databases that several stores can use. Everything is described as the seed's own files write it.

private const val PORT_MAX = 65_535
internal const val SECONDS_MAX = 31_536_000
internal const val MANY = 100_000_000
private val consistencies = listOf("Strong", "Bounded", "Session", "Eventually")
internal val counts = 0..MANY
internal val ports = 1..PORT_MAX

internal fun FieldsBuilder.ttl(default: Int? = null) =
    whole("ttl_seconds", 0..SECONDS_MAX, "How long an entry is kept.", default, unit = "s")

/** A server that is named by host and port. */
private fun FieldsBuilder.hostAndPort(port: Int) {
    text("host", "Where the server is.")
    whole("port", ports, "Its port.", port)
}

private fun FieldsBuilder.vectorIndex() {
    choice("metric_type", listOf("COSINE", "L2", "IP"), "How vectors are compared.", "COSINE")
    whole("index_m", 2..1_024, "Neighbours a vector has in the index.", 16)
    whole("index_ef_construction", 4..10_000, "Candidates looked at while the index is built.", 200)
}

/** Redis by address. */
internal val redisFormat = fields {
    text("address", "Host and port of the server.")
    secret("password", "Its password.")
    whole("db", 0..1_024, "Number of the database.", 0)
    text("key_prefix", "Stands before every key.")
    flag("use_tls", "Whether the connection is encrypted.", false)
    flag("tls_skip_verify", "Whether any certificate is taken.", false)
    whole("max_retries", 0..100, "Attempts after the first.", 3)
    whole("pool_size", 1..10_000, "Connections that are kept.", 10)
}

/** Redis as the Responses API names it. */
internal val redisClusterFormat = fields {
    text("address", "Host and port of the server.")
    secret("password", "Its password.")
    whole("db", 0..1_024, "Number of the database.", 0)
    text("key_prefix", "Stands before every key.")
    flag("cluster_mode", "Whether it is a cluster.", false)
    texts("cluster_addresses", "Host and port of each server of the cluster; read in its mode only.")
    whole("pool_size", 1..10_000, "Connections that are kept.", 10)
    whole("min_idle_conns", 0..10_000, "Connections that stay open while idle.", 2)
    whole("max_retries", 0..100, "Attempts after the first.", 3)
    listOf("dial_timeout", "read_timeout", "write_timeout").forEach { whole(it, 0..3_600, "Longest wait.", 5, unit = "s") }
    flag("tls_enabled", "Whether the connection is encrypted.", false)
    text("tls_cert_path", "Our certificate.")
    text("tls_key_path", "Its key.")
    text("tls_ca_path", "Who vouches for the server.")
    text("config_path", "A file with these settings.")
}

internal val postgresFormat = fields {
    hostAndPort(5_432)
    text("database", "Name of the database.")
    text("user", "Who logs in.")
    secret("password", "With which password.")
    choice("ssl_mode", listOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full"), "How the connection is encrypted.")
    whole("max_open_conns", 1..10_000, "Connections at most.")
    whole("max_idle_conns", 0..10_000, "Connections that stay open while idle.")
    whole("conn_max_lifetime", 0..SECONDS_MAX, "Age at which a connection is replaced.", unit = "s")
    text("table_name", "Name of the table.")
}

internal val qdrantFormat = fields {
    hostAndPort(6_334)
    secret("api_key", "Key of the server.")
    flag("use_tls", "Whether the connection is encrypted.", false)
    whole("connect_timeout", 0..3_600, "Longest wait for a connection.", 10, unit = "s")
    text("collection", "Name of the collection.")
    text("collection_name", "Name of the collection.")
    text("collection_prefix", "Stands before the name of every collection.")
    whole("dimension", 1..65_536, "Length of a vector.")
}

/** Milvus where a record or a memory is kept. */
internal val milvusRecordsFormat = fields {
    text("address", "Host and port of the server.")
    text("username", "Who logs in.")
    secret("password", "With which password.")
    text("collection", "Name of the collection.")
    text("collection_name", "Name of the collection.")
    choice("consistency_level", consistencies, "How fresh what is read must be.", "Session")
    whole("shard_num", 1..1_024, "Shards of the collection.", 2)
    whole("dimension", 1..65_536, "Length of a vector.")
    whole("num_partitions", 1..4_096, "Partitions by user.", 32)
}

/** Milvus where vectors are searched. */
internal val milvusFormat = fields {
    part("connection", "How the server is reached.") {
        hostAndPort(19_530)
        text("database", "Name of the database.", "default")
        whole("timeout", 0..3_600, "Longest wait.", 30, unit = "s")
        part("auth", "Who logs in.") {
            enabled(default = false)
            text("username", "Name.")
            secret("password", "Password.")
        }
        part("tls", "How the connection is encrypted.") {
            enabled(default = false)
            text("cert_file", "Our certificate.")
            text("key_file", "Its key.")
            text("ca_file", "Who vouches for the server.")
        }
    }
    part("collection", "Where vectors lie.") {
        text("name", "Name of the collection.")
        note("description")
        part("vector_field", "The field of the vector.") {
            text("name", "Name of the field.", "embedding")
            whole("dimension", 1..65_536, "Length of a vector.")
            choice("metric_type", listOf("COSINE", "L2", "IP"), "How vectors are compared.", "COSINE")
        }
        part("index", "How vectors are found.") {
            choice("type", listOf("HNSW", "FLAT", "IVF_FLAT"), "Kind of index.", "HNSW")
            part("params", "Its settings.") {
                whole("M", 2..1_024, "Neighbours a vector has in the index.", 16)
                whole("efConstruction", 4..10_000, "Candidates looked at while the index is built.", 200)
            }
        }
    }
    part("search", "How a search goes.") {
        part("params", "Settings of the index.") { whole("ef", 1..10_000, "Candidates looked at in a search.", 64) }
        whole("topk", 1..10_000, "Entries that a search brings.", 10)
        choice("consistency_level", consistencies, "How fresh what is read must be.", "Session")
    }
    part("performance", "Connections and batches.") {
        part("connection_pool", "Connections.") {
            whole("max_connections", 1..10_000, "At most.")
            whole("max_idle_connections", 0..10_000, "That stay open while idle.")
            whole("acquire_timeout", 0..3_600, "Longest wait for one.", unit = "s")
        }
        part("batch", "Batches of entries.") {
            whole("insert_batch_size", 1..100_000, "Entries that are written at once.")
            whole("timeout", 0..3_600, "Longest wait for one.", unit = "s")
        }
    }
    part("data_management", "What becomes of old entries.") {
        part("ttl", "End of an entry's life.") {
            enabled()
            text("timestamp_field", "Field with the time of the entry.")
            whole("cleanup_interval", 1..SECONDS_MAX, "Time between two sweeps.", unit = "s")
        }
        part("compaction", "Room that is won back.") {
            enabled()
            whole("interval", 1..SECONDS_MAX, "Time between two compactions.", unit = "s")
        }
    }
    part("logging", "What is logged.") {
        choice("level", listOf("debug", "info", "warn", "error"), "From which level on.", "info")
        flag("enable_query_log", "Whether searches are logged.")
        flag("enable_metrics", "Whether searches are counted.")
    }
    development()
}

private fun FieldsBuilder.development(drop: String = "drop_collection_on_startup", create: String = "auto_create_collection") =
    part("development", "For those who try things.") {
        flag(drop, "Whether everything is deleted at the start.", false)
        flag(create, "Whether what is not there is made.", true)
        flag("verbose_errors", "Whether errors tell more.")
    }

/** Redis or Valkey where vectors are searched. */
internal val searchIndexFormat = fields {
    part("connection", "How the server is reached.") {
        hostAndPort(6_379)
        whole("database", 0..1_024, "Number of the database.", 0)
        secret("password", "Its password.")
        whole("timeout", 0..3_600, "Longest wait.", unit = "s")
        part("tls", "How the connection is encrypted.") {
            enabled(default = false)
            text("cert_file", "Our certificate.")
            text("key_file", "Its key.")
            text("ca_file", "Who vouches for the server.")
        }
    }
    part("index", "Where vectors lie.") {
        text("name", "Name of the index.")
        text("prefix", "Stands before every key.")
        part("vector_field", "The field of the vector.") {
            text("name", "Name of the field.", "embedding")
            whole("dimension", 1..65_536, "Length of a vector.")
            choice("metric_type", listOf("COSINE", "L2", "IP"), "How vectors are compared.", "COSINE")
        }
        choice("index_type", listOf("HNSW", "FLAT"), "Kind of index.", "HNSW")
        part("params", "Its settings.") {
            whole("M", 2..1_024, "Neighbours a vector has in the index.", 16)
            whole("efConstruction", 4..10_000, "Candidates looked at while the index is built.", 200)
        }
    }
    part("search", "How a search goes.") { whole("topk", 1..10_000, "Entries that a search brings.", 1) }
    development("drop_index_on_startup", "auto_create_index")
    part("logging", "What is logged.") {
        choice("level", listOf("debug", "info", "warn", "error"), "From which level on.", "info")
        flag("enable_query_log", "Whether searches are logged.")
        flag("enable_metrics", "Whether searches are counted.")
    }
}

/** Valkey by host and port where memories or documents are kept. */
internal val valkeyFormat = fields {
    hostAndPort(6_379)
    whole("database", 0..1_024, "Number of the database.", 0)
    secret("password", "Its password.")
    whole("timeout", 0..3_600, "Longest wait.", unit = "s")
    whole("connect_timeout", 0..3_600, "Longest wait for a connection.", unit = "s")
    text("collection_prefix", "Stands before every key.")
    text("index_name", "Name of the index.")
    whole("dimension", 1..65_536, "Length of a vector.")
    vectorIndex()
    flag("tls_enabled", "Whether the connection is encrypted.", false)
    text("tls_ca_path", "Who vouches for the server.")
    flag("tls_insecure_skip_verify", "Whether any certificate is taken.", false)
}

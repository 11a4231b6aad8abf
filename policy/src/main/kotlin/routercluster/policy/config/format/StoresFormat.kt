package routercluster.policy.config.format

import routercluster.policy.cache.CacheStoreSettings
import java.time.Duration

/** Kinds of embedding models; the first is the usual one. */
internal val embeddingModels = listOf("mmbert", "qwen3", "gemma", "multimodal", "bert")

internal val flightWaits = Duration.ofMillis(10)..Duration.ofMinutes(5)
internal val sharedTimeouts = Duration.ofMillis(1)..Duration.ofSeconds(1)

internal val responseCacheStore = fields(acts = "answers of decisions with the plugin response_cache") {
    enabled()
    choice(
        "backend_type",
        listOf("memory", "embedded", "qdrant", "redis", "valkey", "milvus", "hybrid"),
        "Where vectors of requests are kept: in this process, in a folder of this machine, or in a server.",
        "embedded",
        notBuilt = listOf("redis", "valkey", "milvus", "hybrid").associateWith { Feature.CACHE_BACKENDS },
    )
    whole("max_entries", 1..MANY, "No effect: bytes are bounded.")
    size("max_bytes", 1L * MIB..1024L * 1024 * MIB, "Room for equal requests, in this process.", "64MiB")
    size("max_store_bytes", 1L * MIB..1024L * 1024 * MIB, "Room for alike requests, in a folder or in this process.", "1GiB")
    size("max_answer_bytes", 1L..64L * MIB, "A longer answer is not kept.", "1MiB")
    ttl(3_600)
    time("single_flight_wait", flightWaits, "How long a request waits for the answer to an equal one at most.", "10s")
    flag("shared", "Whether nodes share answers to equal requests in the Redis of services.response_api, where there is one.", true)
    time("shared_timeout", sharedTimeouts, "How long a request waits for that Redis at most.", "50ms")
    choice(
        "eviction_policy",
        listOf("fifo", "lru", "lfu", "cost"),
        "What leaves the room for equal requests: with cost, what saves least money for its bytes; with any other, what is asked for seldom.",
    )
    share("similarity_threshold", "From which similarity on two requests count as alike.", CacheStoreSettings.SIMILARITY)
    choice("embedding_model", embeddingModels, "No effect: the encoder that serves embeddings makes the vectors.")
    part("redis", "Settings of a Redis that searches.", searchIndexFormat, notBuilt = Feature.CACHE_BACKENDS)
    part("valkey", "Settings of a Valkey that searches.", searchIndexFormat, notBuilt = Feature.CACHE_BACKENDS)
    part("milvus", "Settings of Milvus.", milvusFormat, notBuilt = Feature.CACHE_BACKENDS)
    part("qdrant", "Settings of Qdrant.", qdrantFormat)
}

private const val MIB = 1024L * 1024

/** How what is remembered is sifted before a model sees it. */
internal val reflectionFormat = fields {
    enabled()
    choice("algorithm", listOf("recency_semantic"), "How memories are ranked.", "recency_semantic")
    whole("max_inject_tokens", counts, "Length of what is put into a request.", 2_048)
    whole("recency_decay_days", 1..36_500, "After how long a memory counts half.", 30)
    share("dedup_threshold", "From which similarity on two memories are one.", 0.9)
    texts("block_patterns", "A memory with one of these is left out.")
}

internal val hybridModes = listOf("weighted", "rrf", "rerank")

private val memoryStore = fields {
    enabled(default = false)
    choice("backend", listOf("milvus", "valkey", "qdrant"), "Where memories are kept.", "milvus")
    flag("auto_store", "Whether every turn is remembered.", false)
    texts("disabled_routes", "Decisions that remember nothing.")
    texts("disabled_models", "Models that nothing is remembered for.")
    part("valkey", "Settings of Valkey.", valkeyFormat)
    part("milvus", "Settings of Milvus.", milvusRecordsFormat)
    part("qdrant", "Settings of Qdrant.", qdrantFormat)
    part("redis_cache", "Redis before the store.") {
        enabled(default = false)
        text("address", "Host and port of the server.")
        ttl(300)
        whole("db", 0..1_024, "Number of the database.", 0)
        text("key_prefix", "Stands before every key.")
        secret("password", "Its password.")
    }
    choice("embedding_model", embeddingModels, "Which model makes vectors of memories.", "bert")
    whole("extraction_batch_size", 1..10_000, "Turns that are looked through at once.", 10)
    whole("default_retrieval_limit", 1..1_000, "Memories that a search brings.", 5)
    share("default_similarity_threshold", "From which similarity on a memory counts.", 0.7)
    flag("hybrid_search", "Whether words count beside vectors.", false)
    choice("hybrid_mode", hybridModes, "How words and vectors are joined.", "weighted")
    flag("adaptive_threshold", "Whether the threshold follows the scores.", false)
    part("quality_scoring", "Which memories fade.") {
        whole("initial_strength_days", 1..36_500, "For how long a new one lasts.")
        share("prune_threshold", "Strength below which one is dropped.")
        whole("max_memories_per_user", 1..MANY, "Memories of one user at most.")
    }
    part("reflection", "How memories are sifted before a model sees them.", reflectionFormat)
}

private val vectorStore = fields {
    enabled(default = false)
    choice("backend_type", listOf("memory", "milvus", "llama_stack", "valkey", "qdrant"), "Where vectors are kept.", "memory")
    text("file_storage_dir", "Folder of uploaded files.")
    whole("max_file_size_mb", 1..100_000, "Size of a file.", 50)
    choice("embedding_model", embeddingModels, "Which model makes vectors of documents.", "bert")
    whole("embedding_dimension", 1..65_536, "Length of a vector.", 384)
    whole("ingestion_workers", 1..1_024, "Files that are read at once.", 2)
    whole("ingestion_drain_timeout_seconds", 0..3_600, "Longest wait for files at the end.", 30)
    texts("supported_formats", "Endings of files that are taken.")
    part("milvus", "Settings of Milvus.", milvusFormat)
    part("memory", "Settings of the store in this process.") { whole("max_entries_per_store", 1..MANY, "Entries of one store at most.") }
    part("llama_stack", "Settings of Llama Stack.") {
        text("endpoint", "Address of the server.")
        secret("auth_token", "Its token.")
        text("embedding_model", "Which of its models makes vectors.")
        whole("request_timeout_seconds", 1..3_600, "Longest wait.", 30)
        choice("search_type", listOf("vector", "keyword", "hybrid"), "How it searches.")
    }
    part("valkey", "Settings of Valkey.", valkeyFormat)
    part("qdrant", "Settings of Qdrant.", qdrantFormat)
    choice("metadata_store", listOf("memory", "postgres"), "Where the list of files is kept.", "memory")
    part("metadata_postgres", "Settings of Postgres for that list.", postgresFormat)
}

internal val storesFormat = fields(acts = "stores") {
    former("semantic_cache", now = "response_cache")
    part(
        "response_cache",
        "Answers that are given again to requests like earlier ones.",
        responseCacheStore,
    )
    part("memory", "What is remembered of a user.", memoryStore, notBuilt = Feature.MEMORY)
    part("vector_store", "Documents that can be searched.", vectorStore, notBuilt = Feature.VECTOR_STORE)
}

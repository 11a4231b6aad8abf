package routercluster.inference

import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.io.TempDir
import routercluster.contracts.EncoderContract
import routercluster.inference.tiny.Bundle
import routercluster.policy.encode.Encoder
import java.nio.file.Path

class BundleContractTest : EncoderContract {
    @TempDir
    lateinit var folder: Path
    private val opened by lazy { openTiny(Bundle(folder).folder) }
    override val encoder: Encoder get() = opened

    @AfterEach
    fun close() = opened.close()
}

class MiniLmContractTest : EncoderContract {
    private val opened by lazy { openEncoder(EncoderConfig("mini", EncoderSource.MiniLm)) }
    override val encoder: Encoder get() = opened

    @AfterEach
    fun close() = opened.close()
}

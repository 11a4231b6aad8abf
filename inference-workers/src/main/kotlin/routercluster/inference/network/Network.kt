package routercluster.inference.network

import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OnnxValue
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtException.OrtErrorCode
import ai.onnxruntime.OrtLoggingLevel
import ai.onnxruntime.OrtSession
import ai.onnxruntime.OrtSession.RunOptions
import ai.onnxruntime.OrtSession.SessionOptions
import ai.onnxruntime.TensorInfo
import routercluster.inference.EncoderConfig
import routercluster.inference.Provider
import routercluster.inference.folder.EncoderLoadException
import routercluster.inference.folder.FolderFiles
import routercluster.inference.folder.ModelFiles
import routercluster.inference.folder.OutputShape
import routercluster.inference.text.Window

/** What is run: a network, or in tests something that behaves like one. Used by one thread at a time, but for [stop]. */
internal interface Pass : AutoCloseable {
    /**
     * Runs [windows] together.
     *
     * @param wants what to read of each
     * @return what each gave, in their order
     * @throws OrtException where the network failed; it is then to be opened again
     */
    fun run(windows: List<Window>, wants: List<Set<Want>>): List<Findings>

    /** Makes a pass that another thread is in end soon, with an exception. */
    fun stop()
}

/** An ONNX Runtime session with the memory for its inputs and outputs. */
internal class Network private constructor(
    private val environment: OrtEnvironment,
    private val session: OrtSession,
    padId: Int,
) : Pass {
    private val options = RunOptions()
    private val inputs = Inputs(environment, session.inputInfo.mapValues { tensorInfo(it.key, it.value.info) }, padId)
    private val outputs: Map<String, Output>

    init {
        val infos = session.outputInfo.mapNotNull { (name, node) -> (node.info as? TensorInfo)?.let { name to it } }.toMap()
        val shapes = trial()
        outputs = shapes.mapValues { (name, shape) -> Output(environment, name, infos.getValue(name), shape) }
    }

    val shapes: Map<String, OutputShape> get() = outputs.mapValues { it.value.shape }

    override fun run(windows: List<Window>, wants: List<Set<Want>>): List<Findings> {
        val length = windows.maxOf(Window::size)
        val asked = wants.flatMapTo(LinkedHashSet()) { it.map(Want::output) }.associateWith(outputs::getValue)
        val fed = ArrayList<AutoCloseable>()
        try {
            val tensors = inputs.tensors(windows, length)
            fed += tensors.values
            val pinned = asked.mapValues { it.value.tensor(windows.size, length) }
            fed += pinned.values
            session.run(tensors, emptySet(), pinned, options).close()
        } finally {
            fed.forEach(AutoCloseable::close)
        }
        return windows.mapIndexed { row, window ->
            wants[row].associateWith { asked.getValue(it.output).read(row, length, window, it.pooling) }
        }
    }

    override fun stop() = options.setTerminate(true)

    override fun close() {
        options.close()
        session.close()
    }

    /** One small pass: the network works, and these are the real shapes of its outputs, which a file may leave open. */
    private fun trial(): Map<String, OutputShape> {
        val tensors = inputs.tensors(listOf(trialWindow), trialWindow.size)
        try {
            return session.run(tensors).use { result -> result.mapNotNull { (name, value) -> shapeOf(value)?.let { name to it } }.toMap() }
        } finally {
            tensors.values.forEach(OnnxTensor::close)
        }
    }

    private fun shapeOf(value: OnnxValue): OutputShape? {
        val shape = (value.info as? TensorInfo)?.shape ?: return null
        return when (shape.size) {
            2 -> OutputShape(perToken = false, shape[1].toInt())
            3 -> OutputShape(perToken = true, shape[2].toInt()).takeIf { shape[1] == trialWindow.size.toLong() }
            else -> null
        }
    }

    companion object {
        private val trialWindow = routercluster.inference.text.trialWindow()

        /**
         * @throws EncoderLoadException for a file that is no network or not one of these
         * @throws OrtException for a provider that is not there
         */
        fun open(config: EncoderConfig, files: ModelFiles, model: String, padId: Int, providers: List<Provider>): Network {
            val environment = environment()
            val session =
                SessionOptions().use { options ->
                    configure(options, config, providers)
                    create(environment, files, model, options)
                }
            return try {
                Network(environment, session, padId)
            } catch (failure: EncoderLoadException) {
                session.close()
                throw EncoderLoadException("${files.place}: $model: ${failure.message}", failure)
            } catch (failure: OrtException) {
                session.close()
                throw EncoderLoadException("${files.place}: $model does not run: ${failure.message}", failure)
            }
        }
    }
}

private fun environment(): OrtEnvironment =
    try {
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "routercluster")
    } catch (failure: LinkageError) {
        throw EncoderLoadException("the native library of ONNX Runtime cannot be loaded: ${failure.message}", failure)
    }

/** Errors of ONNX Runtime that blame the file rather than the provider. */
private val fileErrors =
    setOf(OrtErrorCode.ORT_INVALID_PROTOBUF, OrtErrorCode.ORT_NO_MODEL, OrtErrorCode.ORT_INVALID_GRAPH, OrtErrorCode.ORT_NO_SUCHFILE)

private fun create(environment: OrtEnvironment, files: ModelFiles, model: String, options: SessionOptions): OrtSession =
    try {
        val path = (files as? FolderFiles)?.path(model)
        if (path != null) environment.createSession(path.toString(), options) else environment.createSession(files.bytes(model), options)
    } catch (failure: OrtException) {
        if (failure.code !in fileErrors) throw failure
        val found = "expected an ONNX network, found: ${failure.message}"
        throw EncoderLoadException("${files.place}: $model (${files.size(model)} bytes): $found", failure)
    }

private fun configure(options: SessionOptions, config: EncoderConfig, providers: List<Provider>) {
    options.setIntraOpNumThreads(config.threads)
    options.setInterOpNumThreads(1)
    // Patterns are kept for every shape of input there was, and here there is no end of shapes.
    options.setMemoryPatternOptimization(false)
    // Threads that spin for the next operator would take the cores that the doors need.
    options.addConfigEntry("session.intra_op.allow_spinning", "0")
    providers.forEach { options.use(it, config.device) }
}

private fun tensorInfo(name: String, info: Any): TensorInfo =
    info as? TensorInfo ?: throw EncoderLoadException("input $name: expected a tensor, found $info")

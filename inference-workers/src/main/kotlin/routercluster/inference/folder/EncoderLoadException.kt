package routercluster.inference.folder

/** An encoder that cannot be opened. The text names the file, what was expected and what was found. */
class EncoderLoadException(message: String, cause: Throwable? = null) : Exception(message, cause)

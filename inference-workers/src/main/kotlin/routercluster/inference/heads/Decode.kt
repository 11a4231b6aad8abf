package routercluster.inference.heads

import routercluster.inference.read.Question
import routercluster.inference.read.Reading
import routercluster.policy.encode.HeadResult
import routercluster.policy.encode.Task

/** Answers [question] from what the network found in its [readings]; only labels have more than one. */
internal fun answer(question: Question, readings: List<Reading>): HeadResult =
    when (question.spec.head.task) {
        Task.EMBED -> vectorOf(question, readings.first())
        Task.SEQ_CLS, Task.NLI -> labelsOf(question, readings)
        Task.RERANK -> scoreOf(question, readings.first())
        Task.TOKEN -> spansOf(question, readings.first())
    }

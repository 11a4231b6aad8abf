package routercluster.bench.encoder

import java.util.Random

/** Each of these is one token of BERT's vocabulary. */
private val words =
    (
        "the of and to in a is that for it as was with be by on not he his but at are this have from or had an they " +
            "which one you were all her she there would their we him been has when who will no more if out so up said what " +
            "its about than into them can only other time new some could these two may first then do any like my now over " +
            "such our man me even most made after also did many off before must well back through years where much your way " +
            "down should because long each just state those people too mr how little good world make very year still see " +
            "own work men day get here between both life being under three never know same last another while us might " +
            "great go"
    ).split(' ')

/** [count] different texts of [tokens] tokens. */
fun texts(count: Int, tokens: Int, random: Random): List<String> =
    List(count) { (1..tokens).joinToString(" ") { words[random.nextInt(words.size)] } }

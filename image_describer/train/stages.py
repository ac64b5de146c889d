"""The stages of a run, in their order; in a file of its own, so that --help needs no Keras."""

STAGES = {
    "data": "reads the data sets, reports what doesn't fit, builds the vocabulary",
    "features": "computes the features that are missing, if the recipe caches them",
    "fit": "trains the network",
    "export": "writes encoder, decoder and tokenizer as the files of a bundle",
    "heads": "fits the other parts of the bundle to its encoder",
    "evaluate": "fits the confidence, measures the bundle on dev, installs it in --output",
    "report": "writes the page of results, and the leaderboard",
}

"""Sound to words: engines behind one ``Transcriber`` and ``Session``, cut into utterances in one place."""

"""The studio: flows written, tried, rehearsed and published in the browser, added to the shell by ``studio.add``.

What is written is a draft of its own for everybody (``drafts``); what is published is a commit of the repository that
the flows lie in (``repository``, ``publishing``), so that the command line and the studio never disagree. What a draft
means is told in two turns: at every key stroke its Problems and its diagram (``reading``), and a little later, in a
process of its own, what lint and the rehearsals say (``bench``).
"""

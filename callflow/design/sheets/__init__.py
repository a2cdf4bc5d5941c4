"""Phrases in spreadsheets: 话术 (to say) and 禁用语 (never to say, with better wording), for those who write no YAML.

A workbook has a sheet of each kind, and a line for each wording; a phrase of several wordings takes several lines under
its name. What holds for the whole phrase (better wording, severity, group, file) stands in its first line. Everything
else that a flow says of a phrase (clauses, guards, boundaries) stays in the YAML and is not touched.

``phrases`` what a flow has, ``xlsx`` and ``csv_file`` tables in files, ``reading`` tables to phrases, ``merge`` phrases
into the text of the flow.
"""

"""The applications of a list of people as a neighbourhood of them alone, without ties, events and labels, in
compiled code over the frame.
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import Arrays, Int
from graph.frame.neighbourhood import Neighbourhood
from graph.frame.walk.admission import clear
from graph.frame.walk.past import add_application, add_application_in_question, newest
from graph.frame.walk.query import SubjectQuery
from graph.frame.walk.scratch import APPLICATIONS, LACKS, MENTIONS, OUTCOMES, Scratch
from graph.kernels.by_address import taken
from graph.kernels.compiled import compiled


@compiled
def histories(frame: Int, question: Int, people: Column, scratch: Int, room: Int) -> bool:
    """Write the latest applications of `people` (rows of the frame, int64), newest first, behind the one in
    question, which is not among them; the other arguments are addresses of Arrays, SubjectQuery, Scratch and
    Neighbourhood. False where an array has too little room.
    """
    arrays, q = taken(frame, Arrays), taken(question, SubjectQuery)
    work, out = taken(scratch, Scratch), taken(room, Neighbourhood)
    clear(work, out)
    subject, state = out.subject[0], work.state
    if q.about[0].asked:
        out.people[0].id = q.about[0].person
        add_application_in_question(arrays, q, work, out)
    for number in range(len(people)):
        for place in range(newest(arrays, q, arrays.people[people[number]].applications, work.rows)):
            row = np.int64(work.rows[place])
            if row != q.about[0].application:
                add_application(arrays, q, work, out, row, number)
    subject.as_of, subject.asked = q.about[0].as_of, q.about[0].asked
    subject.applications, subject.mentions = state[APPLICATIONS], state[MENTIONS]
    subject.outcomes, subject.people, subject.identifiers = state[OUTCOMES], 0, 0
    return bool(state[LACKS] == 0)

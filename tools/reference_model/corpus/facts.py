"""Closed-book facts about invented people. One hop must be learned by heart; 2-5 hops are held out."""
import random

PEOPLE_COUNT = 2400
_RANDOM = random.Random(20260101)
_SYLLABLES = ("ba be bi bo da de di do fa fi ga go ka ki ko la le li lo ma me mi mo na ne ni no pa pi "
              "ra re ri ro sa se si so ta te ti to va vi vo za zo").split()
JOBS = ("baker pilot nurse farmer painter lawyer singer tailor miner doctor writer teacher sailor "
        "cook guard judge").split()


def _name(count, seen):
    while True:
        name = "".join(_RANDOM.choice(_SYLLABLES) for _ in range(count)).capitalize()
        if name not in seen:
            seen.add(name)
            return name


_seen = set()
COUNTRIES = [_name(3, _seen) + "ia" for _ in range(16)]
CITIES = [_name(2, _seen) + "n" for _ in range(80)]
COUNTRY_OF = {city: _RANDOM.choice(COUNTRIES) for city in CITIES}
_seen = set()
PEOPLE = []
while len(PEOPLE) < PEOPLE_COUNT:
    _full = _name(2, set()) + " " + _name(2, set())
    if _full not in _seen:
        _seen.add(_full)
        PEOPLE.append(_full)
ABOUT = {p: {"city": _RANDOM.choice(CITIES), "job": _RANDOM.choice(JOBS),
             "year": _RANDOM.randint(1900, 1999), "friend": _RANDOM.choice(PEOPLE),
             "boss": _RANDOM.choice(PEOPLE)} for p in PEOPLE}

WORDING = {
    "city": ("In which city does {} live?", "Which city is the home of {}?"),
    "country": ("In which country does {} live?", "Which country is the home of {}?"),
    "job": ("What is the job of {}?", "What does {} do for a living?"),
    "year": ("In which year was {} born?", "What is the birth year of {}?"),
    "friend": ("Who is the best friend of {}?", "Who is the friend of {}?"),
    "boss": ("Who is the boss of {}?", "For whom does {} work?"),
}
UNSEEN_WORDING = {       # for level 9: no training document asks like this
    "city": ("Name the city where {} lives.", "Which city does {} live in?", "What is the city of {}?"),
    "country": ("Name the country where {} lives.", "Which country does {} live in?",
                "What is the country of {}?"),
    "job": ("Name the job of {}.", "Which job does {} have?", "What does {} work as?"),
    "year": ("Name the birth year of {}.", "Which year was {} born in?", "When was {} born?"),
}


def say_fact(trace, subject, relation, value):
    trace.start()
    form = trace.choose(("{s}: {r} {v}", "{s} has {r} {v}", "the {r} of {s} is {v}", "{r} of {s}: {v}",
                         "{s}, {r}: {v}"))
    trace.say(form.format(s=subject, r=relation, v=value))


def profile(rng, trace):
    """All that is known of one person: training only, so that single facts are seen often."""
    person = rng.choice(PEOPLE)
    question = rng.choice(("Tell me about {}.", "What do you know about {}?", "Describe {}.")).format(person)
    relations = list(ABOUT[person])
    rng.shuffle(relations)
    for relation in relations:
        say_fact(trace, person, relation, ABOUT[person][relation])
    return question, str(ABOUT[person][relations[-1]])


def walk(trace, rng, person, hops):
    """Follow `hops` drawn relations; returns who is reached and the description in words."""
    described = person
    for _ in range(hops):
        relation = rng.choice(("friend", "boss"))
        after = ABOUT[person][relation]
        say_fact(trace, person, relation, after)
        person = after
        described = ("the best friend of " if relation == "friend" else "the boss of ") + described
    return person, described


def facts(rng, level, trace):
    """Level = hops up to 5 (level 5); level 6: 5 hops; levels 7 and 8 compare two chains.

    Level 9 (2 to 5 hops, asked in words that training does not use) is never trained on.
    """
    person = rng.choice(PEOPLE)
    if level in (7, 8):
        return compare(rng, level, trace, person)
    if level == 1:
        relation = rng.choice(("city", "job", "year", "friend", "boss"))
        value = ABOUT[person][relation]
        say_fact(trace, person, relation, value)
        return rng.choice(WORDING[relation]).format(person), f"{relation}:{person}", str(value)
    if level == 2 and rng.random() < 0.5:
        born, now = ABOUT[person]["year"], rng.randint(2000, 2040)
        say_fact(trace, person, "year", born)
        age = trace.calc("-", now, born)
        return (rng.choice(("How old is {} in the year {}?", "What is the age of {} in {}?"))
                .format(person, now), f"age:{person}:{now}", str(age))
    relation = rng.choice(("city", "job", "year", "country"))
    whole = rng.randint(2, 5) if level == 9 else min(level, 5)
    hops = whole - 1                                       # then the attribute
    country = relation == "country"
    reached, described = walk(trace, rng, person, hops - 1 if country and hops > 1 else hops)
    value = answer_about(trace, reached, relation)
    asked = unseen_wording(rng, relation, described) if level == 9 else \
        rng.choice(WORDING[relation]).format(described)
    return asked, f"{relation}:{described}", str(value)


def unseen_wording(rng, relation, described):
    """Other words for the question and, for every second one, `friend` for `best friend`."""
    if rng.random() < 0.5:
        described = described.replace("best friend", "friend")
    return rng.choice(UNSEEN_WORDING[relation]).format(described)


def answer_about(trace, person, relation):
    if relation == "country":
        city = ABOUT[person]["city"]
        say_fact(trace, person, "city", city)
        say_fact(trace, city, "country", COUNTRY_OF[city])
        return COUNTRY_OF[city]
    say_fact(trace, person, relation, ABOUT[person][relation])
    return ABOUT[person][relation]


def compare(rng, level, trace, person):
    """Two chains that end in birth years: 4 hops (level 7) or 5 (level 8) in all."""
    other = rng.choice(PEOPLE)
    first, first_words = walk(trace, rng, person, 1)
    a = answer_about(trace, first, "year")
    second, second_words = walk(trace, rng, other, 1 if level == 7 else 2)
    b = answer_about(trace, second, "year")
    gap = abs(trace.calc("-", max(a, b), min(a, b)))
    question = rng.choice((
        "How many years lie between the births of {} and {}?",
        "What is the difference of the birth years of {} and {}?")).format(first_words, second_words)
    return question, f"gap:{first_words}:{second_words}", str(gap)

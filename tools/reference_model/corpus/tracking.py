"""Long chains of state updates in the prompt; the question asks for the last state of a few.

Level sets how many tokens the chain has: about 200 (level 1) to 6,900 (level 8; the longest benchmark
prompt has 8,222). From level 5 on only the length grows, so accuracy by length is comparable. Training also uses conversations (`journal`) in
which the chain goes on between many questions; they are never asked in a benchmark.
"""
from .stories import NAMES

PLACES = ("kitchen garden cellar attic office library garage hall bathroom tower stable market "
          "harbour school").split()
BOXES = "red blue green white black yellow brown grey pink gold silver orange".split()
LENGTH_TOKENS = (190, 260, 400, 600, 900, 1900, 3800, 7300)
ENTITIES = (3, 4, 5, 6, 6, 6, 6, 6)
ASKED = 1
CHARACTERS_PER_TOKEN = 3.75         # of these sentences with the shipped tokenizer


class Places:
    """People walk; some follow another one to where that one is now."""

    def __init__(self, rng, count):
        self.rng = rng
        self.entities = rng.sample(NAMES, count)
        self.places = rng.sample(PLACES, min(len(PLACES), 4 + count))
        self.history = {}

    def first(self, entity):
        place = self.rng.choice(self.places)
        self.history[entity] = [(place, place)]
        return f"{entity} is in the {place}."

    def update(self, entity):
        rng = self.rng
        if rng.random() < 0.35:
            other = rng.choice([e for e in self.entities if e != entity])
            place = self.history[other][-1][1]
            self.history[entity] = [(f"with {other}", place)]
            return rng.choice(("{} follows {}.", "{} joins {}.", "{} goes to {}.")).format(entity, other)
        place = rng.choice(self.places)
        self.history[entity] = [(place, place)]
        return rng.choice(("{} goes to the {}.", "{} walks to the {}.",
                           "{} moves to the {}.")).format(entity, place)

    def state(self, entity):
        return self.history[entity][-1][1]

    def ask(self, entities):
        who = " and ".join(entities)
        return self.rng.choice((f"Where {'is' if len(entities) == 1 else 'are'} {who} now?",
                                f"Give the place of {who}."))


class Counters:
    """Boxes hold coins; a box is set, or coins go in or out."""

    def __init__(self, rng, count):
        self.rng = rng
        self.entities = [f"{c} box" for c in rng.sample(BOXES, count)]
        self.history = {}

    def first(self, entity):
        n = self.rng.randint(10, 60)
        self.history[entity] = [(f"has {n}", n)]
        return f"The {entity} has {n} coins."

    def update(self, entity):
        rng = self.rng
        have = self.history[entity][-1][1]
        if rng.random() < 0.5 or len(self.history[entity]) > 3 or have > 90:
            n = rng.randint(10, 60)
            self.history[entity] = [(f"has {n}", n)]
            return rng.choice(("The {} now has {} coins.", "Fill the {} with exactly {}.",
                               "The {} is set to {} coins.")).format(entity, n)
        n = rng.randint(1, 9)
        if rng.random() < 0.5 and have >= n:
            self.history[entity].append((f"-{n}", have - n))
            return rng.choice(("The {} loses {}.", "Take from the {} {} coins.")).format(entity, n)
        self.history[entity].append((f"+{n}", have + n))
        return rng.choice(("The {} gets {}.", "Put into the {} {} coins.")).format(entity, n)

    def state(self, entity):
        return self.history[entity][-1][1]

    def ask(self, entities):
        return self.rng.choice(("How many coins are in the {}?", "Give the coins of the {}.")).format(
            " and the ".join(entities))


class Owners:
    """Things change hands, named by the thing or by giver and taker."""

    def __init__(self, rng, count):
        self.rng = rng
        self.entities = rng.sample("ring book key lamp ball map coin hat pen cup bag rope".split(), count)
        self.people = rng.sample(NAMES, min(len(NAMES), 4 + count))
        self.history = {}

    def first(self, entity):
        who = self.rng.choice(self.people)
        self.history[entity] = [(who, who)]
        return f"{who} has the {entity}."

    def update(self, entity):
        rng = self.rng
        who = rng.choice([p for p in self.people if p != self.state(entity)])
        giver = self.state(entity)
        self.history[entity] = [(who, who)]
        if rng.random() < 0.5:
            return rng.choice((f"{giver} gives the {entity} to {who}.",
                               f"{giver} hands {who} the {entity}."))
        if rng.random() < 0.3:
            other = rng.choice([e for e in self.entities if e != entity])
            owner = self.state(other)
            self.history[entity] = [(f"owner of the {other}", owner)]
            return f"The {entity} goes to the owner of the {other}."
        return rng.choice((f"{who} takes the {entity}.", f"{who} gets the {entity}."))

    def state(self, entity):
        return self.history[entity][-1][1]

    def ask(self, entities):
        return self.rng.choice(("Who has the {}?", "Name the owner of the {}.")).format(
            " and the ".join(entities))


WORLDS = (Places, Counters, Owners)


def chain(world, characters):
    """Sentences up to about so many characters; every entity is named at the start."""
    rng = world.rng
    sentences = [] if world.history else [world.first(e) for e in world.entities]
    size = sum(map(len, sentences)) + len(sentences)
    while size < characters:
        sentences.append(world.update(rng.choice(world.entities)))
        size += len(sentences[-1]) + 1
    return " ".join(sentences)


def recall(world, entities, trace):
    """Say what happened to each asked entity since it was last set, and its state."""
    for entity in entities:
        trace.start()
        parts = world.history[entity]
        text = f"{entity}{trace.choose((': ', ' ', ' was '))}{parts[0][0]}"
        if str(parts[0][1]) != str(parts[0][0]) and not isinstance(parts[0][1], int):
            text += f", in {parts[0][1]}" if isinstance(world, Places) else f", {parts[0][1]}"
        for change, after in parts[1:]:
            text += f"{trace.choose((', ', ' then '))}{change}{trace.choose((' = ', ' makes '))}{after}"
        trace.say(text)
    return ", ".join(str(world.state(e)) for e in entities)


def tracking(rng, level, trace):
    world = rng.choice(WORLDS)(rng, ENTITIES[level - 1])
    target = LENGTH_TOKENS[level - 1] * CHARACTERS_PER_TOKEN * rng.uniform(0.85, 1.02)
    text = chain(world, target)
    asked = rng.sample(world.entities, ASKED)
    answer = recall(world, asked, trace)
    question = f"{text} {world.ask(asked)}"
    return question, text, answer


def journal(rng, tokens):
    """A training conversation: the chain goes on, every piece ends in a question.

    Returns its turns: (question, trace, answer).
    """
    from .trace import Trace
    world = rng.choice(WORLDS)(rng, rng.choice((3, 4, 5, 6, 6)))
    turns, size = [], 0
    while size < tokens * CHARACTERS_PER_TOKEN:
        trace = Trace(rng)
        text = chain(world, rng.choice((60, 120, 300, 800)))
        asked = rng.sample(world.entities, rng.choice((1, 2)))
        answer = recall(world, asked, trace)
        question = f"{text} {world.ask(asked)}"
        turns.append((question, trace, answer))
        size += len(question) + sum(len(t) for t, _ in trace.pieces) + 60
    return turns

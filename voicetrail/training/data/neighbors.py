"""Neighbors: words that rhyme with a direction or begin like one, which the recognizer could mistake for a command.

They are synthesized in many voices and trained as ``_unknown_`` (``training.data.synthesize``), and the evaluation counts false
moves on them by word. Homophones (write, rite) are not included, because they cannot be distinguished.
"""

from types import MappingProxyType

NEIGHBORS = MappingProxyType(
    {
        "up": (
            "cup pup sup cut hut but what of off app ape op hop pop shop stop top chop drop crop upper upon upset update apple uh "
            "us ugh hub rub tub club yep yup nap cap map tap gap abrupt erupt cuff puff tough enough rough love above other under "
            "a an at ate act it ah oh hope help keep deep ship chip tip open often opera opposite occupy oven ok bop mop pope "
            "a pen a pet a pack a part a pill a path an apple what a shut nut hush rush bus fuss muck luck duck buck"
        ),
        "down": (
            "town dawn done don't dumb noun brown gown drown frown doubt dot sound found pound round around now how cow Dan den dine "
            "loud out ground crown mountain fountain count account amount downtown dial dial tone dime dome dune dare dad dark "
            "drawn don Tom thumb tongue won one when wine vine thousand allow aloud cloud crowd proud doll dollar tower power hour "
            "our towel vowel dung sundown thou noon moon did and down's bound mound hound wound owned known own then than them"
        ),
        "left": (
            "lift loft laughed let less lest theft cleft lent lend lash leapt led leg live laugh lefty slept swept deft effort "
            "elephant let it leopard legend letter level lesson lemon length left-handed loved last lost list least lapsed elf self "
            "shelf health help felt fled flat flight raft draft craft gift shift soft deaf death breath breast rest west guest next "
            "text met get bet set yet wet debt lot light late loaf life leaf if it's left's elect collect select inflect reflect"
        ),
        "right": (
            "light night ride rice rife ripe rhyme rate root route bright fright white might fight sight kite bite tight rise rind "
            "rat wrote rut wry rye writer riot height height quite quiet tonight all night despite invite polite unite excite "
            "ray rain rake rail read red rid rich rip road robe role room rule run rush try cry dry fry price prize drive "
            "arrive strike spite flight slight wife wine why while wide ride on rise up rightly rights ryan rival rifle I I'd it"
        ),
        "stop": "stock stomp step top shop stuff stump store star story stopped stopping stoop",
        "go": "goal gold ghost goat grow glow gone know no low cold going ago cargo girl",
        "yes": "yet guess less mess dress yesterday chess us years yeah yesterday's",
        "no": "know now nope note nose snow low go new known noble November",
        "on": "own all an in and honest gone dawn lawn often along upon owned honor",
        "off": "of cough soft office often loft offer awful up oft laugh rough",
    }
)
"""The neighbors of each word, separated by spaces."""


def neighbors_of(word: str) -> tuple[str, ...]:
    """The distinct neighbors of a word, in order."""
    return tuple(dict.fromkeys(NEIGHBORS.get(word, "").split()))

"""What everybody reads before an act is drafted: the law as it stood in November 2026, in both languages.

The one source of this text: ``clairvoie authorise draft`` begins with it, and a test holds the documentation to it.
"""

from __future__ import annotations

from clairvoie.oversight.wording import Text

BEFORE_YOU_DEPLOY = (
    Text(
        "In France, in November 2026, no general law allows raising alerts from sound in the street "
        "(CNIL 25/10/2019 on Saint-Étienne; TA Orléans 12/07/2024 no. 2104478) or from algorithms on street video "
        "(Conseil d'État 30/01/2026 no. 506370, on Nice), except under an experiment in force (art. 10 of loi "
        "2023-380 ended on 31/03/2025; extensions: check what is in force).",
        "En France, en novembre 2026, aucune loi générale ne permet de déclencher des alertes à partir des sons de la "
        "rue (CNIL, 25/10/2019, Saint-Étienne ; TA d’Orléans, 12/07/2024, no 2104478) ni à partir "
        "d’algorithmes appliqués à la vidéo de rue (Conseil d’État, 30/01/2026, no 506370, Nice), sauf dans le cadre "
        "d’une expérimentation en vigueur (l’art. 10 de la loi 2023-380 a pris fin le 31/03/2025 ; prolongations : "
        "vérifiez ce qui est en vigueur).",
    ),
    Text(
        "Measuring noise, private sites, exercises, simulation, research, and other countries' laws are different "
        "matters. Clairvoie defaults to noise measurement, asks for the text, its date and its end, and prints all of "
        "it on the register.",
        "La mesure du bruit, les sites privés, les exercices, la simulation, la recherche et le droit d’autres pays "
        "sont d’autres questions. Par défaut, Clairvoie ne fait que mesurer le bruit ; il demande le texte "
        "applicable, sa date et sa fin, et les publie au registre.",
    ),
)

"""What ``clairvoie authorise`` says, in both languages."""

from __future__ import annotations

from clairvoie.oversight.wording import Text

BEFORE = Text("Before you deploy", "Avant de déployer")
HOW = Text(
    "One question after another. Enter takes the answer in brackets; Ctrl-C stops, and keeps what was said so far.",
    "Une question après l’autre. Entrée reprend la réponse entre crochets ; Ctrl-C arrête, et garde ce qui a été dit.",
)
EXAMPLE = Text("For instance: {example}", "Par exemple : {example}")
EXPECTED = Text("Not understood: “{text}”. Expected: {expected}.", "Pas compris : « {text} ». Attendu : {expected}.")
REQUIRED = Text("There has to be an answer. Expected: {expected}.", "Il faut une réponse. Attendu : {expected}.")
KEEP = Text("Keep “{what}”?", "Garder « {what} » ?")
YES = Text("yes", "oui")
NO = Text("no", "non")
WORDS_TYPED = {
    "yes": YES,
    "no": NO,
    "none": Text("none", "aucun"),
    "always": Text("always", "toujours"),
    "person": Text("1", "1"),
}
"""Answers that are words: each is understood in either language."""
DRAFTED = Text("Drafted, and signed by nobody yet: {file}", "Rédigé, et signé par personne encore : {file}")
DIGEST = Text("Digest of the act: {digest}", "Empreinte de l’acte : {digest}")
SIGN_NEXT = Text(
    "It allows nothing until {threshold} of these have signed it, each with a key of their own: {roles}.",
    "Il n’autorise rien tant que {threshold} de ces personnes ne l’ont pas signé, chacune avec sa clé : {roles}.",
)
SIGN_UNKNOWN = Text(
    "It allows nothing until the people whom your charter names have signed it.",
    "Il n’autorise rien tant que les personnes désignées par votre charte ne l’ont pas signé.",
)
COMMAND = Text("Next, each of them: {command}", "Ensuite, chacune d’elles : {command}")
SIGNED_BY = Text("Signed by: {who}", "Signé par : {who}")
NOBODY = Text("nobody", "personne")
MISSING = Text(
    "Still missing: {count} more signature(s), of: {roles}. Until then it allows nothing.",
    "Il manque encore {count} signature(s), parmi : {roles}. D’ici là, il n’autorise rien.",
)
COMPLETE = Text("It has the signatures that it needs.", "Il a toutes les signatures nécessaires.")
ONE_ENOUGH = Text("One role's signature is enough for it.", "La signature d’une seule personne y suffit.")
ABOUT_TO_SIGN = Text(
    "You are about to sign this as {role} ({holder}).", "Vous allez signer ceci en tant que {role} ({holder})."
)
SURE = Text("Type yes to sign", "Tapez oui pour signer")
NOT_SIGNED = Text("Nothing was signed.", "Rien n’a été signé.")
FILED = Text("Filed: {file}", "Déposé : {file}")
WIDENED = Text("Widens", "Élargit")
NARROWED = Text("Narrows", "Restreint")
CHANGED = Text("Changes", "Modifie")
REPLACES = Text("Compared with act {number}, which it replaces:", "Par rapport à l’acte {number}, qu’il remplace :")
SAME = Text("Nothing differs.", "Rien ne diffère.")
LOOK = Text("Look again: {what}", "À revoir : {what}")
VALID_CHARTER = Text("A valid successor of charter {number}.", "Successeur valable de la charte {number}.")
VALID = Text("Valid under charter {digest}.", "Valable selon la charte {digest}.")
STATES = {
    "not-yet": Text("It has not begun.", "Il n’a pas commencé."),
    "in force": Text("It is within its period.", "Il est dans sa période."),
    "ended": Text("It has ended.", "Il est terminé."),
}
TOLD_NOT = Text("What it does not allow", "Ce qu’il n’autorise pas")
NOT_CHECKED = Text(
    "Signatures not checked: no charter is given.", "Signatures non vérifiées : aucune charte n’est donnée."
)
ACT = Text("Act {number} of {deployment}", "Acte {number} de {deployment}")
A_SUSPENSION = Text("Suspension, in {deployment}, of act {digest}", "Suspension, à {deployment}, de l’acte {digest}")
A_CHARTER = Text("Charter {number} of {deployment}", "Charte {number} de {deployment}")
SUSPENDED = Text("Suspended. The hub and every connected node obey within a second once it is in the hub's folder.",
                 "Suspendu. Une fois au serveur, lui et chaque nœud connecté obéissent dans la seconde.")  # fmt: skip
PAGE = Text("Notice to pin up: {file}", "Affiche à apposer : {file}")
KEY_MADE = Text(
    "Key: {key}. It never leaves you; keep a copy where nobody else comes. Its public half, to hand over: {card}",
    "Clé : {key}. Elle ne vous quitte jamais ; gardez-en une copie où personne d’autre ne va. Sa moitié publique, à "
    "remettre : {card}",
)
PASSPHRASE = Text("Passphrase for this key (empty for none)", "Phrase secrète pour cette clé (vide : aucune)")
PASSPHRASE_ASKED = Text("Passphrase of this key", "Phrase secrète de cette clé")
CHARTER_MADE = Text(
    "Charter: {file}, SHA-256 {digest}. Give this file to the hub and to every node, and read out its digest to "
    "whoever sets them up: it is what they trust.",
    "Charte : {file}, SHA-256 {digest}. Donnez ce fichier au serveur et à chaque nœud, et lisez son empreinte à "
    "qui les installe : c’est à elle qu’ils se fient.",
)
HUB_KEYS = Text("Keys of the hub, which stay there: {folder}", "Clés du serveur, qui y restent : {folder}")
CHARTER_DRAFTED = Text(
    "Charter {number}, to be signed by {old} roles of the present charter and {new} of its own: {file}",
    "Charte {number}, à signer par {old} titulaires de la charte actuelle et {new} de la nouvelle : {file}",
)

// The words about people and conversations of another system, in English.

import { plural } from "../shared/i18n";

export const historyTexts = {
  history: {
    imported: "Imported",
    importedHint: "From another system's export. Nothing here has proved who this is.",
    messageHint: "Written in another system, and imported: not proved.",
    title: "Imported, not proved",
    sentence: (source: string) =>
      `An export of ${source} says so. Nobody comes in as this person, and no visitor reads this history until its owner proves one of the names below.`,
    openedTitle: "Opened by its owner",
    openedSentence: (source: string) => `Somebody proved to be this person of ${source}, and its conversations are with them now.`,
    names: "Opens to whoever proves",
    noNames: "Nothing. The export has no user id and no address for this person that could open it, so only the team reads this.",
    shared: "in several records: opens none of them",
    people: "Imported people",
    peopleHint: "Who came with another system's export. Nobody is attached to anything: their history opens to whoever proves one of their names.",
    list: "From exports",
    peopleOf: "Show imported people",
    search: "Search",
    searchHint: "User id, address, or what is known",
    state: "State",
    anyState: "All",
    waiting: "Nobody has proved it yet",
    opened: "Opened by its owner",
    failed: "The imported people did not load",
    none: "Nobody was imported",
    noneHint: "Bring people and conversations over on the machine: countersign import --from intercom|helpscout|csv FILE",
    noneFound: "Nobody imported fits this",
    held: (n: number) => plural(n, { one: "# conversation held", other: "# conversations held" }),
    more: "Show more",
    composer: "Nobody comes in as this person: your answer waits here until its owner proves who they are.",
  },
};

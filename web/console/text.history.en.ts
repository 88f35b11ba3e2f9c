// The words about people and conversations of another system, in English.

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
    composer: "Nobody comes in as this person: your answer waits here until its owner proves who they are.",
  },
};

// Who came with another system's export, whether or not anything was ever said with them.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button, Empty, Failure, toast } from "../../shared/ui";
import * as api from "../api";
import { ApiError, problemOf } from "../http";
import { ImportedBadge } from "../inbox/imported";
import { PersonDrawer } from "../inbox/person";
import { t } from "../text";
import { explain } from "../ui/ask";
import { Select } from "../ui/forms";
import { PageFrame, Section } from "../ui/page";
import { useResource } from "../ui/resource";
import { When } from "../ui/when";

const h = t.history;

export function ImportedPage(): JSX.Element {
  const [person, setPerson] = useState("");
  const [filter, setFilter] = useState<api.ImportedFilter>({});
  return (
    <PageFrame title={h.people} subtitle={h.peopleHint}>
      <Section title={h.list}>
        <Filters filter={filter} onFilter={setFilter} />
        <List key={`${filter.state ?? ""}/${filter.q ?? ""}`} filter={filter} onPerson={setPerson} />
      </Section>
      {person && <PersonDrawer key={person} id={person} onClose={() => setPerson("")} />}
    </PageFrame>
  );
}

function Filters({ filter, onFilter }: { filter: api.ImportedFilter; onFilter: (filter: api.ImportedFilter) => void }): JSX.Element {
  return (
    <form
      class="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const q = String(new FormData(event.currentTarget).get("q") ?? "").trim();
        onFilter({ ...filter, q });
      }}
    >
      <label class="field">
        <span class="field__label">{h.search}</span>
        <input class="input" type="search" name="q" placeholder={h.searchHint} maxLength={200} defaultValue={filter.q ?? ""} />
      </label>
      <Select
        label={h.state}
        value={filter.state ?? ""}
        onValue={(state) => onFilter({ ...filter, state })}
        options={[
          { value: "", label: h.anyState },
          { value: "waiting", label: h.waiting },
          { value: "opened", label: h.opened },
        ]}
      />
    </form>
  );
}

function List({ filter, onPerson }: { filter: api.ImportedFilter; onPerson: (id: string) => void }): JSX.Element {
  const [more, setMore] = useState(false);
  const list = useResource(() => api.imported(filter), []);
  const goOn = async (now: api.ImportedPage) => {
    setMore(true);
    try {
      const page = await api.imported({ ...filter, cursor: now.next ?? "" });
      list.set({ people: [...(now.people ?? []), ...(page.people ?? [])], ...(page.next ? { next: page.next } : {}) });
    } catch (failure) {
      toast(explain(problemOf(failure)), "bad");
    }
    setMore(false);
  };
  if (list.problem && !list.data) return <Failure title={h.failed} error={list.problem as ApiError} retry={() => void list.reload()} />;
  const people = list.data?.people ?? [];
  if (list.data && people.length === 0)
    return filter.q || filter.state ? <Empty icon="search" title={h.noneFound} /> : <Empty icon="anonymous" title={h.none} text={h.noneHint} />;
  return (
    <>
      <ul class="imported">
        {people.map((one) => (
          <li class="imported__one" key={one.contact.id}>
            <div class="imported__who">
              <button type="button" class="link imported__name" onClick={() => onPerson(one.contact.id)} dir="auto">
                {one.contact.label}
              </button>
              <ImportedBadge />
            </div>
            <p class="imported__facts dim">
              {[one.source, one.opened_to ? h.opened : h.waiting, one.conversations ? h.held(one.conversations) : ""].filter(Boolean).join(" · ")} ·{" "}
              <When at={one.at} />
            </p>
          </li>
        ))}
      </ul>
      {list.data?.next && (
        <Button busy={more} onClick={() => void goOn(list.data!)}>
          {h.more}
        </Button>
      )}
    </>
  );
}

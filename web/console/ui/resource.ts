// Something that a page loads: what it is now, whether it failed, how to ask again.

import { useEffect, useRef, useState } from "preact/hooks";
import { problemOf, type ApiError } from "../http";

export interface Resource<T> {
  data: T | null;
  problem: ApiError | null;
  loading: boolean;
  reload: () => Promise<void>;
  set: (data: T) => void;
}

export function useResource<T>(load: () => Promise<T>, deps: unknown[]): Resource<T> {
  const [state, setState] = useState<{ data: T | null; problem: ApiError | null; loading: boolean }>({ data: null, problem: null, loading: true });
  const turn = useRef(0);
  const latest = useRef(load);
  latest.current = load;

  const reload = async () => {
    const mine = ++turn.current;
    setState((now) => ({ ...now, problem: null, loading: true }));
    try {
      const data = await latest.current();
      if (mine === turn.current) setState({ data, problem: null, loading: false });
    } catch (failure) {
      if (mine === turn.current) setState((now) => ({ ...now, problem: problemOf(failure), loading: false }));
    }
  };

  useEffect(() => {
    setState({ data: null, problem: null, loading: true });
    void reload();
    return () => void turn.current++;
  }, deps);

  return { ...state, reload, set: (data) => setState({ data, problem: null, loading: false }) };
}
